namespace RoomGrains.Media.Tests;

public sealed class TakeoverTests
{
    [Fact]
    public void A_publisher_that_returns_in_time_is_no_news_to_players()
    {
        using var stage = new Stage();
        var first = stage.Publish(1);
        var (_, sink) = stage.Play();
        stage.Send(first, "meta640@0 VH1@0 AH1@0 K1@1000 A2@1020");
        sink.Take();
        first.End(PublicationEnd.Lost);
        stage.Time.Advance(TimeSpan.FromSeconds(4.9));
        stage.Hub.Tick();
        Assert.Equal(StreamState.Lost, stage.Hub.Snapshot()[0].State);

        var second = stage.Publish(2);
        stage.Send(second, "meta640@0 VH1@0 AH1@0 I3@0 A4@10 K5@40 I6@80");
        Assert.Equal("A4@5930 K5@5960 I6@6000", sink.Take());
        stage.Time.Advance(TimeSpan.FromSeconds(10));
        stage.Hub.Tick();
        Assert.Equal("", sink.Take());
        Assert.False(first.Superseded.IsFaulted);
    }

    [Fact]
    public void Headers_that_differ_after_the_return_are_sent_before_the_first_frame()
    {
        using var stage = new Stage();
        var first = stage.Publish(1);
        var (_, sink) = stage.Play();
        stage.Send(first, "VH1@0 AH1@0 K1@0");
        sink.Take();
        first.End(PublicationEnd.Lost);
        var second = stage.Publish(2);
        stage.Send(second, "VH2@0 AH1@0 K2@0");
        Assert.Equal("VH2@1 K2@1", sink.Take());
    }

    [Fact]
    public void When_the_grace_period_has_passed_players_are_told_and_wait_for_the_next()
    {
        using var stage = new Stage();
        var first = stage.Publish(7);
        var (_, sink) = stage.Play();
        stage.Send(first, "VH1@0 K1@0");
        sink.Take();
        first.End(PublicationEnd.Lost);
        first.End(PublicationEnd.Lost);
        stage.Time.Advance(TimeSpan.FromSeconds(5));
        stage.Hub.Tick();
        stage.Hub.Tick();
        Assert.Equal("PublishEnded", sink.Take());
        Assert.Equal(StreamState.Waiting, stage.Hub.Snapshot()[0].State);

        // A room that lost its memory counts its epochs anew: nobody lives whom this could harm.
        var next = stage.Publish(1);
        stage.Send(next, "VH1@0 K2@0");
        Assert.Equal("PublishStarted VH1@5000 K2@5000", sink.Take());
    }

    [Fact]
    public void A_clean_end_is_told_at_once_and_empties_the_caches()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        var (_, early) = stage.Play();
        stage.Send(publication, "meta640@0 VH1@0 K1@0");
        publication.End(PublicationEnd.Clean);
        publication.End(PublicationEnd.Clean);
        stage.Send(publication, "K2@40");
        Assert.Equal("meta640@0 VH1@0 K1@0 PublishEnded", early.Take());
        var (_, late) = stage.Play();
        Assert.Equal("", late.Take());
        Assert.Equal(("", 0), (stage.Hub.Snapshot()[0].VideoCodec, stage.Hub.Snapshot()[0].Width));
    }

    [Fact]
    public void Joiners_within_the_grace_period_see_the_last_gop()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        stage.Send(publication, "VH1@0 K1@0 I2@40");
        publication.End(PublicationEnd.Lost);
        var (_, sink) = stage.Play();
        Assert.Equal("VH1@0 K1@0 I2@40", sink.Take());
    }

    [Fact]
    public async Task A_higher_epoch_supersedes_a_living_publication_and_its_late_frames_go_nowhere()
    {
        using var stage = new Stage();
        var first = stage.Publish(1);
        var (_, sink) = stage.Play();
        stage.Send(first, "K1@0 I2@40");
        var second = stage.Publish(2);
        await first.Superseded.WaitAsync(TestContext.Current.CancellationToken);
        stage.Send(first, "I3@80");
        first.End(PublicationEnd.Clean);
        first.End(PublicationEnd.Lost);
        stage.Send(second, "I4@0 K5@40 I6@80");
        stage.Send(first, "I7@120");
        Assert.Equal("K1@0 I2@40 K5@81 I6@121", sink.Take());
        Assert.False(second.Superseded.IsCompleted);
        Assert.Equal(2, stage.Hub.Snapshot()[0].Epoch);
        Assert.Equal(1, stage.Counted("roomgrains.media.publications.superseded"));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(4)]
    [InlineData(0)]
    public void A_stale_epoch_is_refused_while_a_newer_publication_lives_or_is_in_its_grace_period(long epoch)
    {
        using var stage = new Stage();
        var publication = stage.Publish(5);
        Assert.Null(stage.Hub.Publish(Stage.Path, epoch));
        publication.End(PublicationEnd.Lost);
        Assert.Null(stage.Hub.Publish(Stage.Path, epoch));
        Assert.Equal(2, stage.Counted("roomgrains.media.publications.stale"));
    }

    [Fact]
    public void Headers_that_the_new_publisher_does_not_repeat_do_not_reach_joiners()
    {
        using var stage = new Stage();
        var first = stage.Publish(1);
        stage.Send(first, "meta640@0 VH1@0 AH1@0 K1@0");
        var second = stage.Publish(2);
        stage.Send(second, "VH1@0 K2@0");
        var (_, sink) = stage.Play();
        Assert.Equal("VH1@1 K2@1", sink.Take());
    }

    [Fact]
    public void Who_joins_between_a_takeover_and_its_headers_gets_them_all_the_same()
    {
        using var stage = new Stage();
        var first = stage.Publish(1);
        stage.Send(first, "VH1@0 AH1@0 K1@0");
        var second = stage.Publish(2);
        stage.Send(second, "VH1@0 K2@0");
        var (_, sink) = stage.Play();
        stage.Send(second, "AH1@20 A3@20 AH1@40 A4@40");
        Assert.Equal("VH1@1 K2@1 AH1@21 A3@21 A4@41", sink.Take());
    }

    [Fact]
    public void Without_a_grace_period_a_lost_publisher_ends_at_once()
    {
        using var stage = new Stage(new StreamOptions { GracePeriod = TimeSpan.Zero });
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        publication.End(PublicationEnd.Lost);
        Assert.Equal("PublishEnded", sink.Take());
    }
}
