using System.Buffers.Binary;

namespace RoomGrains.Load.Media;

/// <summary>
/// What a frame says of itself in its last 24 bytes, so that whoever gets it can tell where it is from, whether one is missing before
/// it, and how long it took. Servers don't look into frames, and nobody shows these.
/// </summary>
/// <remarks>
/// <code>
/// u32 magic | u32 run | u32 publisher | u32 sequence, for video and audio apart | i64 time of sending, in ns of the monotonic clock
/// </code>
/// </remarks>
/// <param name="Run">Which run of the generator sent it: frames of another one are nobody's.</param>
/// <param name="Publisher">Which of the run's publishers: so it also says which room and stream.</param>
/// <param name="Sequence">Counts the stamped frames of one kind from 0 on.</param>
/// <param name="SentAt">When the frame was given to the kernel.</param>
internal readonly record struct Stamp(uint Run, uint Publisher, uint Sequence, long SentAt)
{
    /// <summary>Bytes of a stamp.</summary>
    public const int Length = 24;

    /// <summary>Shorter frames are not stamped: silence in AAC has a few bytes, and a header must stay what it is.</summary>
    public const int ShortestFrame = 40;

    private const uint Magic = 0x52474C44;

    /// <summary>Writes the stamp over the end of a frame.</summary>
    public void Write(Span<byte> frame)
    {
        var end = frame[^Length..];
        BinaryPrimitives.WriteUInt32BigEndian(end, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(end[4..], Run);
        BinaryPrimitives.WriteUInt32BigEndian(end[8..], Publisher);
        BinaryPrimitives.WriteUInt32BigEndian(end[12..], Sequence);
        BinaryPrimitives.WriteInt64BigEndian(end[16..], SentAt);
    }

    /// <summary>Reads the stamp at the end of a frame.</summary>
    /// <returns>False when it has none.</returns>
    public static bool TryRead(ReadOnlySpan<byte> frame, out Stamp stamp)
    {
        stamp = default;
        if (frame.Length < ShortestFrame)
            return false;
        var end = frame[^Length..];
        if (BinaryPrimitives.ReadUInt32BigEndian(end) != Magic)
            return false;
        stamp = new Stamp(
            BinaryPrimitives.ReadUInt32BigEndian(end[4..]), BinaryPrimitives.ReadUInt32BigEndian(end[8..]), BinaryPrimitives.ReadUInt32BigEndian(end[12..]),
            BinaryPrimitives.ReadInt64BigEndian(end[16..]));
        return true;
    }
}
