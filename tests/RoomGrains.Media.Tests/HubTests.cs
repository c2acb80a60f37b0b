using RoomGrains.Testing;

namespace RoomGrains.Media.Tests;

public sealed class HubTests
{
    [Fact]
    public void A_stream_is_there_while_it_has_a_publisher_or_players()
    {
        using var stage = new Stage();
        Assert.Empty(stage.Hub.Snapshot());
        var (subscription, _) = stage.Play();
        var publication = stage.Publish();
        subscription.Dispose();
        subscription.Dispose();
        Assert.Equal((StreamState.Live, 0), (stage.Hub.Snapshot()[0].State, stage.Hub.Snapshot()[0].Players));
        publication.End(PublicationEnd.Lost);
        Assert.Equal(StreamState.Lost, stage.Hub.Snapshot()[0].State);
        stage.Time.Advance(TimeSpan.FromSeconds(5));
        stage.Hub.Tick();
        Assert.Empty(stage.Hub.Snapshot());
    }

    [Fact]
    public void A_stale_claim_leaves_no_stream_behind()
    {
        using var stage = new Stage();
        var publication = stage.Publish(3);
        Assert.Null(stage.Hub.Publish(Stage.Path, 2));
        publication.End(PublicationEnd.Clean);
        Assert.Empty(stage.Hub.Snapshot());
    }

    [Fact]
    public void Streams_are_found_by_room_and_do_not_mix()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        var other = new RecordingSink();
        using var subscription = stage.Hub.Play("chat/lobby2/alice", other);
        var (_, sink) = stage.Play();
        stage.Send(publication, "A1@0");
        Assert.Equal("A1@0", sink.Take());
        Assert.Equal("", other.Take());
        Assert.Equal([Stage.Path], stage.Hub.SnapshotRoom("chat/lobby").Select(s => s.Path));
        Assert.Equal(["chat/lobby2/alice"], stage.Hub.SnapshotRoom("chat/lobby2").Select(s => s.Path));
        Assert.Empty(stage.Hub.SnapshotRoom("chat"));
        Assert.Equal(2, stage.Hub.Snapshot().Count);
        subscription.Dispose();
        Assert.Empty(stage.Hub.SnapshotRoom("chat/lobby2"));
        Assert.Single(stage.Hub.SnapshotRoom("chat/lobby"));
    }

    [Fact]
    public void Figures_are_rates_over_the_last_window_and_totals()
    {
        using var stage = new Stage();
        var publication = stage.Publish(4);
        var (_, one) = stage.Play();
        var (two, _) = stage.Play();
        stage.Send(publication, "meta640@0 VH1@0 AH1@0");
        for (var i = 0; i < 25; i++)
        {
            stage.Send(publication, $"{(i == 0 ? 'K' : 'I')}{i}@{i * 40} A{i}@{i * 40}");
            stage.Time.Advance(TimeSpan.FromMilliseconds(40));
        }
        stage.Hub.Tick();
        two.Dispose();
        stage.Time.Advance(TimeSpan.FromMilliseconds(300));
        var figures = Assert.Single(stage.Hub.Snapshot());
        var headers = Words.Metadata(640).Length + 9 + 6;
        Assert.Equal((Stage.Path, 4, 640, 360, 1), (figures.Path, figures.Epoch, figures.Width, figures.Height, figures.Players));
        Assert.Equal(25, figures.FrameRate, 0.001);
        Assert.Equal((25 * 15 + headers) * 8, figures.BitsPerSecond);
        Assert.Equal(25 * 15 + headers, figures.BytesReceived);
        Assert.Equal(2 * one.Messages.Sum(m => (long)m.WireLength), figures.BytesQueued);
        Assert.Equal(TimeSpan.FromMilliseconds(340), figures.Silence);
        Assert.Equal(("H.264", "AAC"), (figures.VideoCodec, figures.AudioCodec));

        stage.Time.Advance(TimeSpan.FromMilliseconds(700));
        stage.Hub.Tick();
        Assert.Equal((0, 0), (stage.Hub.Snapshot()[0].FrameRate, stage.Hub.Snapshot()[0].BitsPerSecond));
    }

    [Fact]
    public void Audio_and_video_can_be_switched_and_video_resumes_at_a_key_frame()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        stage.Send(publication, "VH1@0 AH1@0 K1@0 A2@10");
        var (subscription, sink) = stage.Play(new PlayOptions { ReceiveVideo = false });
        Assert.Equal("VH1@0 AH1@0 A2@10", sink.Take());
        stage.Send(publication, "I3@40 A4@50");
        subscription.ReceiveVideo = true;
        subscription.ReceiveAudio = false;
        stage.Send(publication, "I5@80 A6@90 K7@120 A8@130");
        subscription.ReceiveVideo = true;
        stage.Send(publication, "I9@160");
        subscription.ReceiveVideo = false;
        subscription.ReceiveAudio = true;
        stage.Send(publication, "I10@200 A11@210");
        Assert.Equal("A4@50 K7@120 I9@160 A11@210", sink.Take());
    }

    [Fact]
    public void A_pause_stops_everything_and_resumes_live_at_a_key_frame()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        var (subscription, sink) = stage.Play();
        stage.Send(publication, "VH1@0 K1@0");
        subscription.Pause(true);
        stage.Send(publication, "I2@40 T3@40 VH2@80 K4@80 A5@90");
        subscription.Pause(false);
        stage.Send(publication, "I6@120 A7@130 K8@160");
        subscription.Pause(false);
        stage.Send(publication, "I9@200");
        Assert.Equal("VH1@0 K1@0 VH2@130 A7@130 K8@160 I9@200", sink.Take());
    }

    [Fact]
    public void Nothing_comes_after_dispose()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        var (subscription, sink) = stage.Play();
        subscription.Dispose();
        stage.Send(publication, "A1@0");
        publication.End(PublicationEnd.Clean);
        Assert.Equal("", sink.Take());
    }

    [Fact]
    public void A_frame_longer_than_a_chunk_is_cut_once_for_all()
    {
        using var stage = new Stage(new StreamOptions { ChunkSize = 5 });
        var publication = stage.Publish();
        using var one = new CountingSink();
        using var two = new CountingSink();
        using var first = stage.Hub.Play(Stage.Path, one);
        using var second = stage.Hub.Play(Stage.Path, two);
        stage.Send(publication, "K1@0");
        var body = one.Last!.Value.Body;
        Assert.Equal(9 + 1, body.Count);
        Assert.Same(body.Array, two.Last!.Value.Body.Array);
    }
}
