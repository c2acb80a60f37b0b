namespace RoomGrains.Media.Tests;

/// <summary>Streams between nodes, as the two hubs see them.</summary>
public sealed class RelayTests
{
    [Theory]
    [InlineData("VH1@0 AH1@0 K1@1000 A2@1010 I3@1040 A4@1050 I5@1080", "I5@1080", "nothing was missed but one frame")]
    [InlineData("VH1@0 AH1@0 K1@1000 A2@1010 I3@1040 A4@1050", "", "nothing was missed")]
    [InlineData("VH1@0 AH1@0 K6@2000 A7@2010 I8@2040", "K6@2000 A7@2010 I8@2040", "the origin has begun another GOP")]
    [InlineData("VH2@0 AH1@0 K6@2000 A7@2010", "VH2@2000 K6@2000 A7@2010", "its codec has changed, too")]
    [InlineData("VH1@0 AH1@0 K6@0 A7@10 I8@40", "K6@0 A7@10 I8@40", "and its clock was set back, by more than a GOP")]
    public void A_relay_that_was_cut_goes_on_where_it_was(string again, string seen, string because)
    {
        using var stage = new Stage(new StreamOptions { GopCacheDuration = TimeSpan.FromMilliseconds(900) });
        var first = stage.Publish(7, isRelay: true);
        var (_, sink) = stage.Play();
        stage.Send(first, "VH1@0 AH1@0 K1@1000 A2@1010 I3@1040 A4@1050");
        sink.Take();
        first.End(PublicationEnd.Lost);
        stage.Time.Advance(TimeSpan.FromSeconds(4));
        stage.Send(first, "I9@1100");

        var second = stage.Publish(7, isRelay: true);
        stage.Send(second, again);
        Assert.True(sink.Take() == seen, because);
        Assert.Equal((StreamState.Live, 7L), (stage.Hub.Snapshot()[0].State, stage.Hub.Snapshot()[0].Epoch));
        // The grace period was for the first connection.
        stage.Time.Advance(TimeSpan.FromSeconds(5));
        stage.Hub.Tick();
        Assert.Equal("", sink.Take());
    }

    [Fact]
    public void Frames_of_one_time_are_told_apart_by_their_number()
    {
        using var stage = new Stage();
        var relay = stage.Publish(1, isRelay: true);
        var (_, sink) = stage.Play();
        stage.Send(relay, "K1@0 A2@0 A3@0");
        for (var connection = 0; connection < 3; connection++)
        {
            relay.End(PublicationEnd.Lost);
            relay = stage.Publish(1, isRelay: true);
            stage.Send(relay, "K1@0 A2@0 A3@0");
        }
        relay.End(PublicationEnd.Lost);
        relay = stage.Publish(1, isRelay: true);
        stage.Send(relay, "K1@0 A2@0 A3@0 A4@0 I5@40 A6@40 A7@40");
        Assert.Equal("K1@0 A2@0 A3@0 A4@0 I5@40 A6@40 A7@40", sink.Take());
        var (_, late) = stage.Play();
        Assert.Equal("K1@0 A2@0 A3@0 A4@0 I5@40 A6@40 A7@40", late.Take());
    }

    [Fact]
    public void After_the_grace_period_players_have_been_told_and_begin_anew()
    {
        using var stage = new Stage();
        var first = stage.Publish(7, isRelay: true);
        var (_, sink) = stage.Play();
        stage.Send(first, "VH1@0 K1@0");
        first.End(PublicationEnd.Lost);
        stage.Time.Advance(TimeSpan.FromSeconds(5));
        stage.Hub.Tick();
        stage.Send(stage.Publish(7, isRelay: true), "VH1@0 K1@0 I2@40");
        Assert.Equal("VH1@0 K1@0 PublishEnded PublishStarted VH1@5000 K1@5000 I2@5040", sink.Take());
    }

    [Fact]
    public void Only_a_relay_goes_on_with_its_epoch_and_only_when_it_was_cut()
    {
        using var stage = new Stage();
        var publisher = stage.Publish(1);
        publisher.End(PublicationEnd.Lost);
        Assert.Null(stage.Hub.Publish(Stage.Path, 1, isRelay: true));
        var relay = stage.Publish(2, isRelay: true);
        Assert.Null(stage.Hub.Publish(Stage.Path, 2, isRelay: true));
        relay.End(PublicationEnd.Lost);
        Assert.Null(stage.Hub.Publish(Stage.Path, 2));
        Assert.Same(relay, stage.Hub.Publish(Stage.Path, 2, isRelay: true));
        // The publisher has come to this node.
        stage.Publish(3);
        Assert.Null(stage.Hub.Publish(Stage.Path, 2, isRelay: true));
        Assert.True(relay.Superseded.IsCompleted);
    }

    [Fact]
    public void Another_node_gets_one_publication_and_nothing_of_the_next()
    {
        using var stage = new Stage();
        Assert.Null(stage.PlayToNode(1));
        Assert.Empty(stage.Hub.Snapshot());
        var first = stage.Publish(1);
        Assert.Null(stage.PlayToNode(2));
        var relay = stage.PlayToNode(1)!;
        stage.Send(first, "meta640@0 VH1@0 K1@0 I2@40");
        var late = stage.PlayToNode(1)!;
        var live = stage.PlayToNode(1, fromGop: false)!;
        Assert.Equal((0, 3), (stage.Hub.Snapshot()[0].Players, stage.Hub.Snapshot()[0].Relays));
        Assert.Equal(0, stage.Hub.CountPlayers(Stage.Path));
        first.End(PublicationEnd.Lost);
        Assert.NotNull(stage.PlayToNode(1));

        var second = stage.Publish(2);
        stage.Send(second, "VH1@0 K3@0");
        second.End(PublicationEnd.Clean);
        Assert.Equal("meta640@0 VH1@0 K1@0 I2@40 Superseded", relay.Take());
        Assert.Equal("meta640@0 VH1@0 K1@0 I2@40 Superseded", late.Take());
        Assert.Equal("Superseded", live.Take());
        Assert.Null(stage.PlayToNode(2));
    }

    [Fact]
    public void Another_node_is_told_the_end_when_players_are()
    {
        using var stage = new Stage();
        var publication = stage.Publish(1);
        var relay = stage.PlayToNode(1)!;
        stage.Send(publication, "K1@0");
        publication.End(PublicationEnd.Lost);
        Assert.Equal("K1@0", relay.Take());
        stage.Time.Advance(TimeSpan.FromSeconds(5));
        stage.Hub.Tick();
        Assert.Equal("PublishEnded", relay.Take());
        stage.Send(stage.Publish(2), "K2@0");
        Assert.Equal("", relay.Take());
    }

    [Fact]
    public void A_relay_that_nobody_watches_ends_without_a_word_and_one_that_is_watched_does_not()
    {
        using var stage = new Stage();
        var relay = stage.Publish(1, isRelay: true);
        var (subscription, sink) = stage.Play();
        Assert.False(relay.TryEndUnwatched());
        stage.Send(relay, "K1@0");
        subscription.Dispose();
        Assert.True(relay.TryEndUnwatched());
        Assert.Empty(stage.Hub.Snapshot());
        Assert.True(relay.TryEndUnwatched());
        Assert.Equal("K1@0", sink.Take());
    }
}
