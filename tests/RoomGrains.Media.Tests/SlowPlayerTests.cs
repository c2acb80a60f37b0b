namespace RoomGrains.Media.Tests;

public sealed class SlowPlayerTests
{
    private static readonly StreamOptions Options = new()
    {
        DropDisposableAbove = 1000, DropInterAbove = 2000, DropAudioAbove = 3000, MaxBacklogBytes = 4000,
        DropDisposableAfter = TimeSpan.FromSeconds(1), DropInterAfter = TimeSpan.FromSeconds(2),
        DropAudioAfter = TimeSpan.FromSeconds(3), MaxBacklogAge = TimeSpan.FromSeconds(4),
    };

    [Theory]
    [InlineData(0, 0, "D2 I3 K4 A5 T6")]
    [InlineData(1000, 1000, "D2 I3 K4 A5 T6")]
    [InlineData(1001, 0, "I3 K4 A5 T6")]
    [InlineData(0, 1001, "I3 K4 A5 T6")]
    [InlineData(2001, 0, "A5 T6")]
    [InlineData(0, 2001, "A5 T6")]
    [InlineData(3001, 0, "")]
    [InlineData(0, 3001, "")]
    [InlineData(4000, 4000, "")]
    [InlineData(4001, 0, "TooSlow")]
    [InlineData(0, 4001, "TooSlow")]
    public void What_is_sent_depends_on_what_waits(long bytes, int milliseconds, string expected)
    {
        using var stage = new Stage(Options);
        var publication = stage.Publish();
        var (subscription, sink) = stage.Play();
        stage.Send(publication, "VH1@0 K1@0");
        sink.Take();
        sink.Backlog = new Backlog(bytes, TimeSpan.FromMilliseconds(milliseconds));
        stage.Send(publication, "D2@1 I3@2 K4@3 A5@4 T6@5");
        Assert.Equal(expected, string.Join(' ', sink.Take().Split(' ').Select(word => word.Split('@')[0])));
        if (expected != "TooSlow")
            Assert.Equal(5 - sink.Messages.Skip(2).Count(), subscription.FramesDropped);
        Assert.Equal(subscription.FramesDropped, stage.Counted("roomgrains.media.frames.dropped"));
        Assert.Equal(subscription.FramesDropped, stage.Hub.Snapshot()[0].FramesDropped);
    }

    [Fact]
    public void After_an_inter_frame_is_lost_video_resumes_at_a_key_frame()
    {
        using var stage = new Stage(Options);
        var publication = stage.Publish();
        var (subscription, sink) = stage.Play();
        stage.Send(publication, "K1@0 I2@40");
        sink.Backlog = new Backlog(2500, TimeSpan.Zero);
        stage.Send(publication, "I3@80 A4@90");
        sink.Backlog = default;
        stage.Send(publication, "I5@120 D6@160 A7@170 K8@200 I9@240 D10@280");
        Assert.Equal("K1@0 I2@40 A4@90 A7@170 K8@200 I9@240 D10@280", sink.Take());
        Assert.Equal(3, subscription.FramesDropped);
    }

    [Fact]
    public void Whole_gops_are_left_out_while_too_much_waits()
    {
        using var stage = new Stage(Options);
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, "K1@0");
        sink.Backlog = new Backlog(2500, TimeSpan.Zero);
        stage.Send(publication, "I2@40 K3@80 I4@120 K5@160");
        sink.Backlog = new Backlog(1500, TimeSpan.Zero);
        stage.Send(publication, "I6@200 K7@240 I8@280 D9@320");
        Assert.Equal("K1@0 K7@240 I8@280", sink.Take());
    }

    [Fact]
    public void Headers_that_changed_meanwhile_come_before_the_next_frame()
    {
        using var stage = new Stage(Options);
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, "meta640@0 VH1@0 AH1@0 K1@0");
        sink.Take();
        sink.Backlog = new Backlog(3500, TimeSpan.Zero);
        stage.Send(publication, "meta1280@40 VH2@40 AH2@40 K2@40 A3@40");
        Assert.Equal("", sink.Take());
        sink.Backlog = default;
        stage.Send(publication, "I4@80 A5@90 K6@120");
        Assert.Equal("meta1280@90 VH2@90 AH2@90 A5@90 K6@120", sink.Take());
    }

    [Fact]
    public void A_joiners_burst_is_no_backlog_until_it_has_drained_once()
    {
        using var stage = new Stage(Options);
        var publication = stage.Publish();
        stage.Send(publication, "K1@0 " + string.Join(' ', Enumerable.Range(2, 200).Select(i => $"I{i}@{i}")));
        var (subscription, sink) = stage.Play();
        var burst = subscription.BytesQueued;
        Assert.True(burst > 4000);
        sink.Take();

        sink.Backlog = new Backlog(burst + 500, TimeSpan.FromSeconds(3.9));
        stage.Send(publication, "D300@300");
        sink.Backlog = new Backlog(burst + 1500, TimeSpan.FromSeconds(3.9));
        stage.Send(publication, "D301@301 I302@302");
        sink.Backlog = new Backlog(900, TimeSpan.Zero);
        stage.Send(publication, "D303@303");
        sink.Backlog = new Backlog(1500, TimeSpan.Zero);
        stage.Send(publication, "D304@304 I305@305");
        sink.Backlog = new Backlog(burst + 500, TimeSpan.Zero);
        stage.Send(publication, "A306@306");
        Assert.Equal("D300@300 I302@302 D303@303 I305@305 TooSlow", sink.Take());
    }

    [Fact]
    public void A_player_is_given_up_once_and_gets_nothing_more()
    {
        using var stage = new Stage(Options);
        var publication = stage.Publish();
        var (_, slow) = stage.Play();
        var (_, healthy) = stage.Play();
        stage.Send(publication, "A1@0");
        slow.Backlog = new Backlog(10, TimeSpan.FromSeconds(5));
        stage.Send(publication, "A2@20 A3@40");
        slow.Backlog = default;
        stage.Send(publication, "A4@60");
        stage.Hub.Tick();
        publication.End(PublicationEnd.Clean);
        Assert.Equal("A1@0 TooSlow", slow.Take());
        Assert.Equal("A1@0 A2@20 A3@40 A4@60 PublishEnded", healthy.Take());
        Assert.Equal(1, stage.Counted("roomgrains.media.players.given_up"));
    }

    [Fact]
    public void The_heartbeat_gives_up_a_player_whose_queue_stands_still_while_nothing_new_comes()
    {
        using var stage = new Stage(Options);
        stage.Publish();
        var (_, sink) = stage.Play();
        sink.Backlog = new Backlog(10, TimeSpan.FromSeconds(4));
        stage.Hub.Tick();
        Assert.Equal("", sink.Take());
        sink.Backlog = new Backlog(10, TimeSpan.FromSeconds(4.1));
        stage.Hub.Tick();
        stage.Hub.Tick();
        Assert.Equal("TooSlow", sink.Take());
    }

    /// <summary>All streams of its connection would end for what one moment of the network, or of a busy machine, has held up.</summary>
    [Fact]
    public void Another_node_that_is_late_loses_frames_and_is_given_up_only_when_it_takes_nothing()
    {
        using var stage = new Stage(Options);
        var publication = stage.Publish();
        stage.Send(publication, "VH1@0 K1@0");
        var relay = stage.PlayToNode()!;
        Assert.Equal("VH1@0 K1@0", relay.Take());
        // What it began with has gone out: the rest of the connection is late, and so is this stream.
        relay.Backlog = new Backlog(0, TimeSpan.FromSeconds(30)) { Standstill = TimeSpan.FromSeconds(4) };
        stage.Send(publication, "I2@40 A3@50 I4@80");
        stage.Hub.Tick();
        Assert.Equal("", relay.Take());
        relay.Backlog = default;
        stage.Send(publication, "I5@120 A6@130 K7@160 I8@200");
        Assert.Equal("A6@130 K7@160 I8@200", relay.Take());
        relay.Backlog = new Backlog(10, TimeSpan.FromSeconds(30)) { Standstill = TimeSpan.FromSeconds(4.1) };
        stage.Hub.Tick();
        Assert.Equal("TooSlow", relay.Take());
    }

    [Fact]
    public void Drops_are_logged_once_a_heartbeat_with_figures()
    {
        using var stage = new Stage(Options);
        var publication = stage.Publish();
        var (_, one) = stage.Play();
        var (_, two) = stage.Play();
        stage.Play();
        stage.Send(publication, "K1@0");
        one.Backlog = two.Backlog = new Backlog(2500, TimeSpan.Zero);
        stage.Send(publication, "I2@40 I3@80 I4@120");
        stage.Hub.Tick();
        stage.Hub.Tick();
        Assert.Equal("6 frames were left out for 2 slow players since the last heartbeat", Assert.Single(stage.Log.Lines));
    }
}
