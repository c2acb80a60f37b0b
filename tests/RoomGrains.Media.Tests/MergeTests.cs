using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Media.Tests;

/// <summary>What leaves with what, and when. The clock stands still unless a test moves it.</summary>
public sealed class MergeTests
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(350);

    [Fact]
    public void Sound_leaves_with_the_next_picture_and_a_picture_at_once()
    {
        using var stage = new Stage(merges: true);
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        sink.IsBusy = false;
        stage.Send(publication, "K1@0");
        Assert.Equal("K1@0", sink.Take());
        stage.Send(publication, "A2@10");
        stage.Send(publication, "A3@20");
        Assert.Equal("", sink.Take());
        var writes = sink.Writes;
        stage.Send(publication, "I4@40");
        Assert.Equal("A2@10 A3@20 I4@40", sink.Take());
        Assert.Equal(writes + 1, sink.Writes);
    }

    [Fact]
    public void Sound_waits_no_longer_than_its_window()
    {
        using var stage = new Stage(merges: true);
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, "K1@0 A2@10");
        // Both came in one read, and left in one write.
        Assert.Equal("K1@0 A2@10", sink.Take());
        stage.Send(publication, "A3@20");
        stage.Time.Advance(stage.Options.AudioMergeWindow - TimeSpan.FromMilliseconds(1));
        stage.Hub.Flush();
        Assert.Equal("", sink.Take());
        stage.Time.Advance(TimeSpan.FromMilliseconds(1));
        stage.Hub.Flush();
        Assert.Equal("A3@20", sink.Take());
    }

    [Fact]
    public void Sound_waits_for_no_picture_where_none_comes()
    {
        using var stage = new Stage(merges: true);
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, "A1@0");
        Assert.Equal("A1@0", sink.Take());
        stage.Send(publication, "K2@20");
        stage.Time.Advance(TimeSpan.FromMilliseconds(250));
        sink.Take();
        stage.Send(publication, "A3@270");
        Assert.Equal("A3@270", sink.Take());
    }

    [Fact]
    public void With_a_window_everything_leaves_once_in_a_window()
    {
        using var stage = new Stage(new StreamOptions { MergeWindow = Window });
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, "K1@0 A2@10");
        stage.Time.Advance(Window - TimeSpan.FromMilliseconds(1));
        stage.Send(publication, "I3@40");
        stage.Hub.Flush();
        Assert.Equal("", sink.Take());
        stage.Time.Advance(TimeSpan.FromMilliseconds(1));
        stage.Send(publication, "I4@80");
        Assert.Equal("K1@0 A2@10 I3@40 I4@80", sink.Take());
        stage.Send(publication, "I5@120");
        Assert.Equal("", sink.Take());
    }

    [Fact]
    public void More_than_one_write_takes_does_not_wait()
    {
        using var stage = new Stage(new StreamOptions { MergeWindow = Window });
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, MessageType.Video, 0, [0x17, 1, 0, 0, 0, .. new byte[256 * 1024]]);
        Assert.Single(sink.Messages);
    }

    [Fact]
    public void What_waits_comes_before_a_new_header_an_end_and_another_publisher()
    {
        using var stage = new Stage(new StreamOptions { MergeWindow = Window });
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, "VH1@0 K1@0 VH2@40 K2@40");
        Assert.Equal("VH1@0 K1@0", sink.Take());
        var second = stage.Publish(2);
        Assert.Equal("VH2@40 K2@40", sink.Take());
        stage.Send(second, "VH3@0 K3@0");
        second.End(PublicationEnd.Clean);
        Assert.Equal("VH3@41 K3@41 PublishEnded", sink.Take());
    }

    [Fact]
    public void What_waits_does_not_wait_for_a_publisher_that_is_lost()
    {
        using var stage = new Stage(new StreamOptions { MergeWindow = Window });
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, "K1@0");
        publication.End(PublicationEnd.Lost);
        Assert.Equal("K1@0", sink.Take());
    }

    [Fact]
    public void A_node_that_pulls_the_stream_gets_everything_at_once()
    {
        using var stage = new Stage(new StreamOptions { MergeWindow = Window });
        var publication = stage.Publish();
        var node = stage.PlayToNode()!;
        var flushes = node.Flushes;
        stage.Send(publication, "K1@0 A2@10");
        Assert.Equal("K1@0 A2@10", node.Take());
        Assert.Equal(flushes + 1, node.Flushes);
    }

    /// <summary>Whoever joins while something waits has it from the cache, and does not get it again.</summary>
    [Theory]
    [InlineData("K1@0 I2@40 | A3@50 I4@80", "K1@0 I2@40 A3@50 I4@80")]
    [InlineData("| K1@0 I2@40", "K1@0 I2@40")]
    [InlineData("A1@0 | K2@40", "K2@40")]
    [InlineData("K1@0 I2@40 |", "K1@0 I2@40")]
    public void A_joiner_gets_each_message_once(string sent, string seen)
    {
        using var stage = new Stage(new StreamOptions { MergeWindow = Window });
        var publication = stage.Publish();
        var (_, first) = stage.Play();
        var parts = sent.Split('|');
        stage.Send(publication, parts[0]);
        var (_, joiner) = stage.Play();
        stage.Send(publication, parts[1]);
        stage.Time.Advance(Window);
        stage.Hub.Flush();
        Assert.Equal(seen, joiner.Take());
        Assert.Equal(string.Join(' ', sent.Split([' ', '|'], StringSplitOptions.RemoveEmptyEntries)), first.Take());
    }

    [Fact]
    public void A_batch_is_taken_whole_only_where_the_policy_has_nothing_to_decide()
    {
        using var stage = new Stage(merges: true);
        var publication = stage.Publish();
        var (subscription, sink) = stage.Play();
        sink.IsBusy = false;
        stage.Send(publication, "I1@0");
        Assert.Equal(("", 0), (sink.Take(), sink.Writes));
        stage.Send(publication, "VH1@0 K2@40");
        Assert.Equal(("VH1@40 K2@40", 0), (sink.Take(), sink.Writes));
        stage.Send(publication, "I3@80");
        Assert.Equal(("I3@80", 1), (sink.Take(), sink.Writes));
        subscription.ReceiveAudio = false;
        stage.Send(publication, "A4@90 I5@120");
        Assert.Equal(("I5@120", 1), (sink.Take(), sink.Writes));
        subscription.ReceiveAudio = true;
        subscription.Pause(true);
        stage.Send(publication, "I6@160");
        Assert.Equal(("", 1), (sink.Take(), sink.Writes));
        subscription.Pause(false);
        stage.Send(publication, "A7@170 I8@200");
        Assert.Equal(("A7@170", 1), (sink.Take(), sink.Writes));
        stage.Send(publication, "K9@240 I10@280");
        Assert.Equal(("K9@240 I10@280", 2), (sink.Take(), sink.Writes));
        Assert.Equal(sink.Messages.Sum(m => m.WireLength), subscription.BytesQueued);
    }
}
