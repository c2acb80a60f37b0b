using RoomGrains.Load.Figures;
using RoomGrains.Load.Media;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Load.Tests;

/// <summary>What a player is told from what it gets. A check that never fails is none: each fault is made once.</summary>
public sealed class WatchTests
{
    private const uint Run = 7, Publisher = 3;

    private readonly Tally _tally = new() { IsMeasuring = true };
    private readonly Watch _watch;

    public WatchTests() => _watch = new Watch(_tally, Run, Publisher);

    private (long Gaps, long Doubles, long Wrong) Faults => (_tally.Gaps, _tally.Doubles, _tally.WrongStream);

    [Fact]
    public void A_stream_may_be_joined_anywhere_and_its_kinds_count_apart()
    {
        Video(100, 101, 102);
        Audio(7, 8, 9, 10);
        Video(103);
        Assert.Equal((0, 0, 0), Faults);
        Assert.Equal((4, 4, 4L), (_tally.VideoFrames, _tally.AudioFrames, _watch.VideoFrames));
    }

    [Theory]
    [InlineData(new[] { 5, 6, 8 }, 1, 0)]
    [InlineData(new[] { 5, 9, 10, 12 }, 4, 0)]
    [InlineData(new[] { 5, 6, 6, 7 }, 0, 1)]
    [InlineData(new[] { 0, 0 }, 0, 1)]
    [InlineData(new[] { 5, 6, 8, 7, 9 }, 1, 1)]
    [InlineData(new[] { 5, 6, 4, 7 }, 0, 1)]
    public void Missing_and_repeated_frames_are_counted(int[] sequence, int gaps, int doubles)
    {
        Video(sequence);
        Assert.Equal((gaps, doubles, 0), Faults);
        Audio(sequence);
        Assert.Equal((2 * gaps, 2 * doubles, 0), Faults);
    }

    [Fact]
    public void Frames_of_another_publisher_or_run_or_of_nobody_are_wrong_and_disturb_no_count()
    {
        Video(1);
        _watch.Receive(MessageType.Video, Frame("I", new Stamp(Run, Publisher + 1, 50, 0)), 0);
        _watch.Receive(MessageType.Video, Frame("I", new Stamp(Run + 1, Publisher, 51, 0)), 0);
        _watch.Receive(MessageType.Audio, Frame("A", null), 0);
        Video(2);
        Assert.Equal((0, 0, 3), Faults);
    }

    [Fact]
    public void Headers_and_frames_too_short_for_a_stamp_are_none_of_its_business()
    {
        _watch.Receive(MessageType.Video, Frame("VH", null), 0);
        _watch.Receive(MessageType.Audio, Frame("AH", null), 0);
        Assert.Equal((0, 0), (_tally.VideoFrames, _tally.AudioFrames));
        _watch.Receive(MessageType.Video, Words.Message("I1").Payload, 0);
        Assert.Equal((1, (0, 0, 0)), (_watch.VideoFrames, Faults));
    }

    [Fact]
    public void Latency_is_that_of_frames_sent_after_play_and_in_the_window()
    {
        _watch.Since = 1_000_000;
        _watch.Receive(MessageType.Video, Frame("K", new Stamp(Run, Publisher, 1, 999_999)), 5_000_000);
        Assert.Equal(0, _tally.VideoLatency.Count);
        _watch.Receive(MessageType.Video, Frame("I", new Stamp(Run, Publisher, 2, 1_000_000)), 5_000_000);
        _watch.Receive(MessageType.Audio, Frame("A", new Stamp(Run, Publisher, 1, 2_000_000)), 5_000_000);
        Assert.Equal((4.0, 3.0), (_tally.VideoLatency.Max, _tally.AudioLatency.Max));
        _tally.IsMeasuring = false;
        _watch.Receive(MessageType.Video, Frame("I", new Stamp(Run, Publisher, 3, 2_000_000)), 900_000_000);
        Assert.Equal((1, 4.0), (_tally.VideoLatency.Count, _tally.VideoLatency.Max));
    }

    [Fact]
    public void A_picture_that_stands_still_is_seen_also_where_no_other_follows()
    {
        _watch.Receive(MessageType.Video, Frame("K", new Stamp(Run, Publisher, 1, 0)), 1_000_000);
        _watch.Receive(MessageType.Video, Frame("I", new Stamp(Run, Publisher, 2, 0)), 41_000_000);
        Assert.Equal(40, _tally.VideoInterval.Max);
        _watch.EndInterval(741_000_000);
        Assert.Equal((700, 2), (_tally.VideoInterval.Max, _tally.VideoInterval.Count));
    }

    private void Video(params int[] sequence)
    {
        foreach (var number in sequence)
            _watch.Receive(MessageType.Video, Frame("I", new Stamp(Run, Publisher, (uint)number, 0)), 0);
    }

    private void Audio(params int[] sequence)
    {
        foreach (var number in sequence)
            _watch.Receive(MessageType.Audio, Frame("A", new Stamp(Run, Publisher, (uint)number, 0)), 0);
    }

    private static byte[] Frame(string kind, Stamp? stamp)
    {
        var payload = Words.Message($"{kind}1").Payload;
        Array.Resize(ref payload, 80);
        stamp?.Write(payload);
        return payload;
    }
}
