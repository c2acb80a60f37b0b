using System.Buffers.Binary;
using RoomGrains.Rtmp.Buffers;

namespace RoomGrains.Rtmp.Messages;

/// <summary>
/// Takes an aggregate message apart (RTMP 1.0 §7.1.6). Flash Media Server sends them to players, some encoders to servers; we read them
/// and never write them.
/// </summary>
/// <remarks>
/// <code>
/// type u8 | size u24 | time u24 | time's high byte u8 | ignored u24 | size bytes | size + 11 as u32      (as in FLV), repeated
/// </code>
/// Times are relative: the first message has the aggregate's. The message stream is the aggregate's. The u32 at the end is there to read
/// backwards; other readers ignore its value, so its value is ignored here.
/// </remarks>
/// <param name="aggregate">The aggregate. The caller keeps its reference, and keeps it alive while reading.</param>
public struct AggregateReader(RtmpMessage aggregate)
{
    /// <summary>
    /// The most messages in one aggregate. Flash Media Server's hold about half a second of media; without a limit one of 8 MiB could
    /// become half a million messages.
    /// </summary>
    public const int MaxMessages = 1024;

    private const int HeaderLength = 11;
    private const int TrailerLength = 4;

    private int _position;
    private int _count;
    private uint _offset;

    /// <summary>The next message, in a buffer of its own, of which the caller owns the reference.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="RtmpProtocolException">The aggregate isn't legal. What was read before was.</exception>
    public bool TryRead(out RtmpMessage message)
    {
        message = default;
        var rest = aggregate.Payload.Span[_position..];
        if (rest.IsEmpty)
            return false;
        if (rest.Length < HeaderLength)
            Throw.AggregateSize(HeaderLength, rest.Length);

        var type = (MessageType)rest[0];
        var size = (int)UInt24(rest[1..]);
        var time = UInt24(rest[4..]) | ((uint)rest[7] << 24);
        rest = rest[HeaderLength..];
        if (type == MessageType.Aggregate)
            Throw.AggregateNested();
        if (type is not (MessageType.Audio or MessageType.Video or MessageType.DataAmf0 or MessageType.DataAmf3))
            Throw.AggregateContent(type);
        // Some writers leave the last trailer out.
        if (size > rest.Length || (rest.Length - size is > 0 and < TrailerLength))
            Throw.AggregateSize(size + TrailerLength, rest.Length);
        if (_count == MaxMessages)
            Throw.AggregateCount(MaxMessages);

        if (_count++ == 0)
            _offset = unchecked(aggregate.Timestamp - time);
        _position += HeaderLength + Math.Min(size + TrailerLength, rest.Length);
        message = new RtmpMessage(type, unchecked(time + _offset), aggregate.StreamId, SharedBuffer.CopyOf(rest[..size]));
        return true;
    }

    private static uint UInt24(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16BigEndian(bytes) * 256u + bytes[2];
}
