using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Rtmp.Tests.Commands;

public sealed class StreamCommandTests
{
    private static CommandMessage Command(params AmfValue[] arguments) => CommandMessageTests.Sent(new CommandMessage("x", 0, AmfValue.Null, arguments));

    [Theory]
    [InlineData("room1?key=abc", "", "room1", "key=abc")]
    [InlineData("mp4:movie.mp4", "mp4", "movie.mp4", "")]
    [InlineData("FLV:a?b?c", "flv", "a", "b?c")]
    [InlineData("mp4", "", "mp4", "")]
    [InlineData("x:y", "", "x:y", "")]
    [InlineData("?key=abc", "", "", "key=abc")]
    [InlineData("", "", "", "")]
    [InlineData(null, "", "", "")]
    public void A_name_is_prefix_name_and_query(string? text, string prefix, string name, string query)
    {
        var stream = StreamName.Parse(text);
        Assert.Equal((prefix, name, query), (stream.Prefix, stream.Name, stream.Query));
    }

    [Fact]
    public void The_key_in_a_name_is_not_shown()
    {
        var publish = PublishCommand.From(PublishCommand.Create(5, "alice?key=s%65cret&x"));
        Assert.Equal("secret", publish.Stream.Parameters["key"]);
        Assert.DoesNotContain("cret", $"{publish} {publish.Stream} {PublishCommand.Create(5, "alice?key=secret")}", StringComparison.Ordinal);
        Assert.Equal("alice", default(StreamName).Name + publish.Stream);
    }

    [Fact]
    public void Publish_has_a_type_and_may_be_a_stop()
    {
        Assert.Equal(PublishType.Live, PublishCommand.From(Command("a")).Type);
        Assert.Equal(PublishType.Record, PublishCommand.From(Command("a", "record")).Type);
        Assert.Equal(PublishType.Append, PublishCommand.From(Command("a", "append")).Type);
        Assert.Equal(PublishType.Append, PublishCommand.From(Command("a", "appendWithGap")).Type);
        Assert.Equal(PublishType.Live, PublishCommand.From(Command("a", 7)).Type);
        Assert.All([Command(), Command(false), Command(AmfValue.Null), Command("")], c => Assert.True(PublishCommand.From(c).IsStop));
    }

    public static TheoryData<string, AmfValue, PlayMode, double> Starts => new()
    {
        { "FFmpeg", -2000, PlayMode.LiveOrRecorded, 0 },
        { "FFmpeg live, librtmp", -1000, PlayMode.LiveOnly, 0 },
        { "FFmpeg recorded", 0, PlayMode.Recorded, 0 },
        { "GStreamer, the specification", -2, PlayMode.LiveOrRecorded, 0 },
        { "the specification's live", -1, PlayMode.LiveOnly, 0 },
        { "left out", AmfValue.Undefined, PlayMode.LiveOrRecorded, 0 },
        { "-999", -999, PlayMode.LiveOrRecorded, 0 },
        { "-3000", -3000, PlayMode.LiveOrRecorded, 0 },
        { "a position", 1500, PlayMode.Recorded, 1500 },
        { "NaN", double.NaN, PlayMode.LiveOrRecorded, 0 },
        { "minus infinity", double.NegativeInfinity, PlayMode.LiveOrRecorded, 0 },
        { "1e300", 1e300, PlayMode.Recorded, int.MaxValue },
        { "a text", "live", PlayMode.LiveOrRecorded, 0 },
    };

    [Theory, MemberData(nameof(Starts), DisableDiscoveryEnumeration = true)]
    public void Play_start_is_told_apart_in_either_unit(string who, AmfValue start, PlayMode mode, double position)
    {
        var play = PlayCommand.From(Command("a", start));
        Assert.Equal((who, mode, position), (who, play.Mode, play.Position.TotalMilliseconds));
    }

    [Fact]
    public void Play_has_duration_and_reset()
    {
        Assert.Equal(TimeSpan.FromSeconds(2), PlayCommand.From(Command("a", -1000, 2000)).Duration);
        Assert.Null(PlayCommand.From(Command("a", -1000, -1)).Duration);
        Assert.True(PlayCommand.From(Command("a")).Reset);
        Assert.False(PlayCommand.From(Command("a", 0, -1, false)).Reset);
        Assert.False(PlayCommand.From(Command("a", 0, -1, 2)).Reset);
        Assert.True(PlayCommand.From(Command("a", 0, -1, 3)).Reset);
        Assert.Equal(PlayMode.LiveOnly, PlayCommand.From(PlayCommand.Create(4, "a")).Mode);
    }

    [Fact]
    public void DeleteStream_takes_an_id_or_as_GStreamer_a_name()
    {
        Assert.Equal(1u, DeleteStreamCommand.From(Command(1)).StreamId);
        var gst = DeleteStreamCommand.From(Command("alice"));
        Assert.Equal((null, "alice"), (gst.StreamId, gst.Stream.Name));
        Assert.All([Command(), Command(double.NaN), Command(-1), Command(1e300)], c => Assert.Null(DeleteStreamCommand.From(c).StreamId));
    }

    [Fact]
    public void The_small_commands_are_read_and_nonsense_does_no_harm()
    {
        Assert.Equal(new PauseCommand(true, TimeSpan.FromMilliseconds(1500)), PauseCommand.From(Command(true, 1500)));
        Assert.Equal(new PauseCommand(false, TimeSpan.Zero), PauseCommand.From(Command("x", -5)));
        Assert.Equal(TimeSpan.FromSeconds(3), SeekCommand.From(Command(3000)).Position);
        Assert.Equal(TimeSpan.FromMilliseconds(int.MaxValue), SeekCommand.From(Command(double.PositiveInfinity)).Position);
        Assert.False(ReceiveCommand.From(Command(false)).Wanted);
        Assert.False(ReceiveCommand.From(Command(0)).Wanted);
        Assert.True(ReceiveCommand.From(Command(25)).Wanted);
        Assert.True(ReceiveCommand.From(Command()).Wanted);
        Assert.Equal("alice", StreamNameCommand.From(Command("alice?key=1")).Stream.Name);
    }
}
