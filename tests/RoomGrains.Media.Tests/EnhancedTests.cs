using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Media.Tests;

/// <summary>Enhanced RTMP through the hub, with bytes as FFmpeg 8 and the specification have them.</summary>
public sealed class EnhancedTests
{
    private const string Hevc = "68766331";
    private const string Opus = "4F707573";
    private const string Aac = "6D703461";

    // One hvc1 stream: configuration, colour, key, inter (with composition time), inter, disposable.
    private const string Configuration = "90" + Hevc + "01AA";
    private const string Color = "D4" + Hevc + "020009636F6C6F72496E666F03000009";
    private const string Key = "91" + Hevc + "000050" + "AAAA";
    private const string Inter = "A1" + Hevc + "000028" + "BBBB";
    private const string InterX = "A3" + Hevc + "CCCC";
    private const string Disposable = "B3" + Hevc + "DDDD";

    [Fact]
    public void Late_joiners_get_configuration_and_colour_before_the_gop()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        Video(stage, publication, Color, Configuration, Key, InterX, Key, Inter, Disposable);
        using var joiner = new HexSink();
        using var subscription = stage.Hub.Play(Stage.Path, joiner);
        Assert.Equal([Color, Configuration, Key, Inter, Disposable], joiner.Take());
        Assert.Equal("HEVC", stage.Hub.Snapshot()[0].VideoCodec);
    }

    [Fact]
    public void The_policy_for_slow_players_knows_enhanced_frames()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        using var joiner = new HexSink();
        using var subscription = stage.Hub.Play(Stage.Path, joiner);
        Video(stage, publication, Configuration, InterX, Disposable, Key);
        joiner.Backlog = new Backlog(stage.Options.DropDisposableAbove + 1, TimeSpan.Zero);
        Video(stage, publication, Disposable, Inter);
        joiner.Backlog = new Backlog(stage.Options.DropInterAbove + 1, TimeSpan.Zero);
        Video(stage, publication, Inter);
        joiner.Backlog = default;
        Video(stage, publication, Inter, Key, Inter);
        Assert.Equal([Configuration, Key, Inter, Key, Inter], joiner.Take());
    }

    [Fact]
    public void Audio_configuration_and_channel_order_are_kept()
    {
        const string header = "90" + Opus + "4F70757348656164";
        const string channels = "94" + Opus + "010200000003";
        const string frame = "91" + Opus + "FC01";
        using var stage = new Stage();
        var publication = stage.Publish();
        Audio(stage, publication, header, channels, frame);
        using var joiner = new HexSink();
        using var subscription = stage.Hub.Play(Stage.Path, joiner);
        Audio(stage, publication, frame);
        Assert.Equal([header, channels, frame], joiner.Take());
        Assert.Equal("Opus", stage.Hub.Snapshot()[0].AudioCodec);
    }

    [Fact]
    public void Each_track_has_its_header_and_waits_for_its_own_key_frame()
    {
        const string header1 = "96" + "00" + Hevc + "01" + "0155";
        const string key1 = "96" + "03" + Hevc + "01" + "1111";
        const string inter1 = "A6" + "03" + Hevc + "01" + "2222";
        using var stage = new Stage();
        var publication = stage.Publish();
        Video(stage, publication, Configuration, header1, key1, Key, inter1, InterX);
        using var joiner = new HexSink();
        using var subscription = stage.Hub.Play(Stage.Path, joiner);
        // The GOP begins at the key frame of track 0; track 1 is shown from its own key frame on.
        Assert.Equal([Configuration, header1, Key, InterX], joiner.Take());
        Video(stage, publication, inter1, key1, inter1);
        Assert.Equal([key1, inter1], joiner.Take());
    }

    [Fact]
    public void A_header_of_many_tracks_stays_until_all_its_tracks_have_newer_ones()
    {
        const string both = "96" + "10" + Hevc + "00" + "000002" + "01AA" + "01" + "000002" + "01BB";
        const string bothNew = "96" + "10" + Hevc + "00" + "000002" + "01EE" + "01" + "000002" + "01FF";
        const string header0 = "90" + Hevc + "01CC";
        const string header1 = "96" + "00" + Hevc + "01" + "01DD";
        AssertKept([both], [both]);
        AssertKept([both, header0], [both, header0]);
        AssertKept([both, header0, header1], [both, header0, header1]);
        AssertKept([header0, header1, both], [both]);
        AssertKept([both, header0, header1, bothNew], [bothNew]);
        AssertKept([both, header0, both], [both]);
    }

    [Fact]
    public void Audio_tracks_are_kept_apart()
    {
        const string header0 = "AF001210";
        const string header1 = "9500" + Aac + "01" + "119056E500";
        using var stage = new Stage();
        var publication = stage.Publish();
        Audio(stage, publication, header0, header1, "AF0101");
        using var joiner = new HexSink();
        using var subscription = stage.Hub.Play(Stage.Path, joiner);
        Audio(stage, publication, "AF0102");
        Assert.Equal([header0, header1, "AF0102"], joiner.Take());
        Assert.Equal("AAC", stage.Hub.Snapshot()[0].AudioCodec);
    }

    [Fact]
    public void Headers_of_tracks_beyond_count_are_forwarded_not_kept()
    {
        const string header = "96" + "00" + Hevc + "C8" + "0155";
        using var stage = new Stage();
        var publication = stage.Publish();
        using var early = new HexSink();
        using var first = stage.Hub.Play(Stage.Path, early);
        Video(stage, publication, Configuration, header, Key);
        using var late = new HexSink();
        using var second = stage.Hub.Play(Stage.Path, late);
        Assert.Equal([Configuration, header, Key], early.Take());
        Assert.Equal([Configuration, Key], late.Take());
    }

    [Theory]
    [InlineData("97020000010103" + Hevc + "AA", true)] // ModEx with a nanosecond offset before a frame
    [InlineData("95" + Hevc + "AA", false)] // AV1's MPEG-2 TS configuration
    public void Signals_before_the_frame_do_not_hide_it(string hex, bool isKey)
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        Video(stage, publication, Configuration, hex);
        using var joiner = new HexSink();
        using var subscription = stage.Hub.Play(Stage.Path, joiner);
        Assert.Equal(isKey ? [Configuration, hex] : [], joiner.Take());
    }

    [Theory]
    [InlineData("91")]
    [InlineData("91687663")]
    [InlineData("96")]
    [InlineData("9610" + Hevc + "00FFFFFF01")]
    [InlineData("97FF")]
    [InlineData("17")]
    [InlineData("170100")]
    public void Malformed_video_is_left_out_and_counted(string hex)
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        using var player = new HexSink();
        using var subscription = stage.Hub.Play(Stage.Path, player);
        Video(stage, publication, hex);
        Audio(stage, publication, "AF", "91" + "4F");
        Assert.Empty(player.Take());
        Assert.Equal(3, stage.Counted("roomgrains.media.messages.malformed"));
    }

    [Fact]
    public void What_is_unknown_is_passed_on()
    {
        string[] unknown = ["9F" + Hevc + "AA", "D1" + "00", "97000032" + Hevc];
        using var stage = new Stage();
        var publication = stage.Publish();
        using var player = new HexSink();
        using var subscription = stage.Hub.Play(Stage.Path, player);
        Video(stage, publication, unknown[0], unknown[1]);
        Assert.Equal(unknown[..2], player.Take());
    }

    private static void AssertKept(string[] sent, string[] kept)
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        Video(stage, publication, sent);
        Video(stage, publication, Key);
        using var joiner = new HexSink();
        using var subscription = stage.Hub.Play(Stage.Path, joiner);
        Assert.Equal([.. kept, Key], joiner.Take());
    }

    private static void Video(Stage stage, Publication publication, params string[] messages) =>
        Array.ForEach(messages, hex => stage.Send(publication, MessageType.Video, 0, Convert.FromHexString(hex)));

    private static void Audio(Stage stage, Publication publication, params string[] messages) =>
        Array.ForEach(messages, hex => stage.Send(publication, MessageType.Audio, 0, Convert.FromHexString(hex)));

    private sealed class HexSink : IPlayerSink, IDisposable
    {
        private readonly List<string> _seen = [];

        public Backlog Backlog { get; set; }

        public void Enqueue(Rtmp.Chunks.MessageBatch batch)
        {
            foreach (var message in batch.Messages)
                Enqueue(message);
        }

        public bool TrySend(Rtmp.Chunks.MessageBatch batch) => false;

        public void Enqueue(Rtmp.Chunks.OutgoingMessage message) => _seen.Add(Convert.ToHexString(message.Body));

        public void Flush()
        {
        }

        public void Notify(PlayerNotice notice)
        {
        }

        public string[] Take()
        {
            string[] seen = [.. _seen];
            _seen.Clear();
            return seen;
        }

        public void Dispose() => _seen.Clear();
    }
}
