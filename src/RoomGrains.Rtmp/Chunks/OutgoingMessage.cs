using System.Buffers.Binary;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Chunks;

/// <summary>
/// A message cut into chunks once, to be sent to any number of receivers. Receivers differ only in the message stream id, which
/// stands in the type 0 header of the first chunk: the header is written for each, the body is shared. A payload that fits one chunk is
/// shared as it was received, without a copy.
/// </summary>
/// <remarks>
/// <code>
/// +----------------+------------------+ +------+-----+------------------+ ...   (RTMP 1.0 §5.3.1)
/// | type 0 header  | chunk size bytes | | C0+id| ext?| chunk size bytes |
/// +----------------+------------------+ +------+-----+------------------+
///  WriteHeader       Body -------------------------------------------->
/// </code>
/// The extended timestamp is repeated in type 3 chunks: FFmpeg, librtmp, GStreamer and Flash expect it there.
/// It is a value: lists of frames hold no object for each, which a cache of some seconds would make the collector copy. The references that are
/// counted are the body's.
/// </remarks>
public readonly struct OutgoingMessage
{
    /// <summary>The longest header of a first chunk: basic header, type 0 message header, extended timestamp.</summary>
    public const int MaxHeaderLength = 1 + 11 + 4;

    private const uint ExtendedTimestamp = 0xFFFFFF;

    private readonly SharedBuffer _body;
    private readonly byte _chunkStreamId;

    private OutgoingMessage(MessageType type, uint timestamp, byte chunkStreamId, int payloadLength, SharedBuffer body)
    {
        (Type, Timestamp, _chunkStreamId, PayloadLength, _body) = (type, timestamp, chunkStreamId, payloadLength, body);
    }

    /// <summary>The message's type.</summary>
    public MessageType Type { get; }

    /// <summary>The message's timestamp in ms.</summary>
    public uint Timestamp { get; }

    /// <summary>The length of the payload, chunk headers not counted.</summary>
    public int PayloadLength { get; }

    /// <summary>The bytes that follow the header: payload with the headers of the second and later chunks in it.</summary>
    public ArraySegment<byte> Body => _body.Segment;

    /// <summary>Bytes on the wire, header included.</summary>
    public int WireLength => HeaderLength + _body.Length;

    private int HeaderLength => Timestamp >= ExtendedTimestamp ? MaxHeaderLength : MaxHeaderLength - 4;

    /// <summary>Cuts a message. It takes a reference of its own to the payload; the caller keeps and releases its own.</summary>
    /// <param name="type">The message's type.</param>
    /// <param name="timestamp">The message's timestamp in ms.</param>
    /// <param name="payload">The bytes.</param>
    /// <param name="chunkStreamId">2 to 63: the ids of one byte.</param>
    /// <param name="chunkSize">The chunk size that has been announced to all receivers.</param>
    public static OutgoingMessage Encode(MessageType type, uint timestamp, SharedBuffer payload, int chunkStreamId, int chunkSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkStreamId, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunkStreamId, 63);
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkSize, 1);
        var body = payload.Length <= chunkSize ? payload.AddReference() : Cut(payload.Span, timestamp, (byte)chunkStreamId, chunkSize);
        return new OutgoingMessage(type, timestamp, (byte)chunkStreamId, payload.Length, body);
    }

    /// <summary>Writes the header of the first chunk; <paramref name="destination"/> has room for <see cref="MaxHeaderLength"/>.</summary>
    /// <returns>The bytes written.</returns>
    public int WriteHeader(Span<byte> destination, uint streamId)
    {
        var extended = Timestamp >= ExtendedTimestamp;
        destination[0] = _chunkStreamId;
        WriteUInt24(destination[1..], extended ? ExtendedTimestamp : Timestamp);
        WriteUInt24(destination[4..], (uint)PayloadLength);
        destination[7] = (byte)Type;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], streamId);
        if (extended)
            BinaryPrimitives.WriteUInt32BigEndian(destination[12..], Timestamp);
        return HeaderLength;
    }

    /// <summary>Appends the whole message, as receivers with this stream id get it, to a buffer that has room for it.</summary>
    public void AppendTo(SharedBuffer buffer, uint streamId)
    {
        Span<byte> header = stackalloc byte[MaxHeaderLength];
        buffer.Append(header[..WriteHeader(header, streamId)], buffer.Capacity);
        buffer.Append(_body.Span, buffer.Capacity);
    }

    /// <summary>Whether there is more than one reference to the body.</summary>
    public bool IsShared => _body.IsShared;

    /// <summary>Takes one more reference to the body.</summary>
    public OutgoingMessage AddReference()
    {
        _body.AddReference();
        return this;
    }

    /// <summary>Gives a reference to the body back.</summary>
    public void Release() => _body.Release();

    private static SharedBuffer Cut(ReadOnlySpan<byte> payload, uint timestamp, byte chunkStreamId, int chunkSize)
    {
        Span<byte> separator = stackalloc byte[5];
        separator[0] = (byte)(0xC0 | chunkStreamId);
        BinaryPrimitives.WriteUInt32BigEndian(separator[1..], timestamp);
        separator = separator[..(timestamp >= ExtendedTimestamp ? 5 : 1)];

        var later = (payload.Length - 1) / chunkSize;
        var length = payload.Length + later * separator.Length;
        var body = SharedBuffer.Rent(length);
        body.Append(payload[..chunkSize], length);
        for (payload = payload[chunkSize..]; !payload.IsEmpty; payload = payload[Math.Min(chunkSize, payload.Length)..])
        {
            body.Append(separator, length);
            body.Append(payload[..Math.Min(chunkSize, payload.Length)], length);
        }
        return body;
    }

    private static void WriteUInt24(Span<byte> destination, uint value)
    {
        destination[0] = (byte)(value >> 16);
        destination[1] = (byte)(value >> 8);
        destination[2] = (byte)value;
    }
}
