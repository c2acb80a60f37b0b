using RoomGrains.Load.Media;

namespace RoomGrains.Load.Tests;

public sealed class StampTests
{
    [Fact]
    public void A_stamp_is_read_as_it_was_written_and_leaves_the_rest_of_the_frame()
    {
        var frame = Enumerable.Range(0, 100).Select(i => (byte)i).ToArray();
        var stamp = new Stamp(0xDEADBEEF, 4_000_000_000, 123_456, 987_654_321_012_345);
        stamp.Write(frame);
        Assert.True(Stamp.TryRead(frame, out var read));
        Assert.Equal(stamp, read);
        Assert.Equal(Enumerable.Range(0, 100 - Stamp.Length).Select(i => (byte)i), frame.Take(100 - Stamp.Length));
    }

    [Fact]
    public void What_is_short_or_cut_or_of_somebody_else_has_no_stamp()
    {
        var frame = new byte[Stamp.ShortestFrame];
        Assert.False(Stamp.TryRead(frame, out _));
        new Stamp(1, 2, 3, 4).Write(frame);
        Assert.True(Stamp.TryRead(frame, out _));
        Assert.False(Stamp.TryRead(frame.AsSpan(1), out _));
        var longer = new byte[100];
        new Stamp(1, 2, 3, 4).Write(longer);
        Assert.False(Stamp.TryRead(longer.AsSpan(0, 99), out _));
    }
}
