using System.Buffers;
using System.Buffers.Binary;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Chunks;

/// <summary>
/// Makes messages out of the chunks that a peer sends. It keeps what it has seen: input may come in pieces of any size, and no byte of
/// payload is looked at twice. Not for several threads.
/// </summary>
/// <remarks>
/// <code>
/// +-------------------+-------------------------------+-------------+------ ...   (RTMP 1.0 §5.3.1)
/// | fmt 2 bits | csid | message header                | ext. time   | payload
/// | 1, 2 or 3 bytes   | 11, 7, 3 or 0 bytes for fmt   | 4 bytes if  | at most the chunk size,
/// |                   | 0, 1, 2, 3                    | time is     | or the message's rest
/// +-------------------+-------------------------------+ 0xFFFFFF    +------ ...
/// fmt 0: time u24, length u24, type u8, message stream id u32 LITTLE-endian
/// fmt 1: delta u24, length u24, type u8        fmt 2: delta u24        fmt 3: nothing
/// </code>
/// Peers disagree about some of this; see the comments below for what is accepted, and from whom.
/// </remarks>
public sealed class ChunkReader(ChunkReaderLimits limits) : IDisposable
{
    /// <summary>The chunk size that holds until a peer sets another (RTMP 1.0 §5.4.1).</summary>
    public const int DefaultChunkSize = 128;

    /// <summary>The largest chunk size that has a meaning: no message is longer.</summary>
    public const int MaxChunkSize = 0xFFFFFF;

    private const int MaxHeaderLength = 3 + 11 + 4;
    private const uint ExtendedTimestamp = 0xFFFFFF;

    private readonly List<ChunkStream> _streams = [];
    private ChunkStream? _latest;
    private ChunkStream? _open;
    private int _openLeft;

    /// <summary>What the peer may make this reader hold. New limits count from the next message on.</summary>
    public ChunkReaderLimits Limits { get; set; } = limits;

    /// <summary>The chunk size that the peer has set.</summary>
    public int ChunkSize { get; private set; } = DefaultChunkSize;

    /// <summary>The bytes of unfinished messages that are held now.</summary>
    public int BytesInAssembly { get; private set; }

    /// <summary>
    /// Reads chunks until a message is whole. Set Chunk Size and Abort concern nobody else: they take effect and are not handed out.
    /// </summary>
    /// <param name="input">The bytes received; on return, those that are still to be read. The start of a header may be left in it.</param>
    /// <param name="message">The message. The caller owns the reference to its payload.</param>
    /// <returns>Whether there was a whole message; otherwise more bytes are needed.</returns>
    /// <exception cref="RtmpProtocolException">The bytes aren't legal, or go over a limit. The reader can't go on.</exception>
    public bool TryRead(ref ReadOnlySequence<byte> input, out RtmpMessage message)
    {
        var reader = new SequenceReader<byte>(input);
        while (_open is not null || TryReadHeader(ref reader))
        {
            if (!TryReadPayload(ref reader))
                break;
            var stream = _open!;
            _open = null;
            if (stream.Received < stream.Length)
                continue;
            message = Complete(stream);
            if (message.Type is MessageType.SetChunkSize or MessageType.Abort)
            {
                Apply(message);
                continue;
            }
            input = reader.UnreadSequence;
            return true;
        }
        message = default;
        input = reader.UnreadSequence;
        return false;
    }

    /// <summary>Gives the buffers of unfinished messages back.</summary>
    public void Dispose()
    {
        foreach (var stream in _streams)
            Drop(stream);
        _streams.Clear();
        (_latest, _open) = (null, null);
    }

    // Either the whole header is there and is consumed, or nothing is.
    private bool TryReadHeader(ref SequenceReader<byte> reader)
    {
        Span<byte> copy = stackalloc byte[MaxHeaderLength];
        scoped var header = reader.UnreadSpan;
        if (header.Length < MaxHeaderLength)
        {
            copy = copy[..(int)Math.Min(copy.Length, reader.Remaining)];
            reader.TryCopyTo(copy);
            header = copy;
        }
        if (header.IsEmpty)
            return false;

        var format = header[0] >> 6;
        var basicLength = (header[0] & 0x3F) switch { 0 => 2, 1 => 3, _ => 1 };
        var fieldsLength = format switch { 0 => 11, 1 => 7, 2 => 3, _ => 0 };
        if (header.Length < basicLength + fieldsLength)
            return false;
        // Ids from 64 to 319 have two forms. The form of three bytes is little-endian.
        var id = basicLength switch { 1 => header[0] & 0x3F, 2 => 64 + header[1], _ => 64 + header[1] + (header[2] << 8) };
        var fields = header.Slice(basicLength, fieldsLength);
        var rest = header[(basicLength + fieldsLength)..];

        var stream = Find(id);
        int extendedLength;
        if (format == 3)
        {
            if (stream is null)
                Throw.FreshChunkStreamWithoutLength(id, format);
            if (!TryReadType3(stream, rest, out extendedLength))
                return false;
        }
        else
        {
            extendedLength = UInt24(fields) == ExtendedTimestamp ? 4 : 0;
            if (rest.Length < extendedLength)
                return false;
            stream = Begin(stream, id, format, fields, extendedLength == 0 ? UInt24(fields) : BinaryPrimitives.ReadUInt32BigEndian(rest));
            stream.HasExtendedTimestamp = extendedLength > 0;
        }
        reader.Advance(basicLength + fieldsLength + extendedLength);
        _open = stream;
        _openLeft = Math.Min(ChunkSize, stream.Length - stream.Received);
        return true;
    }

    private ChunkStream Begin(ChunkStream? stream, int id, int format, ReadOnlySpan<byte> fields, uint time)
    {
        // FFmpeg and SRS let a header in mid-message pass where it repeats the length. No known client sends one, and a change of length
        // here was CVE-2016-10191, so none is accepted.
        if (stream is { InMessage: true })
            Throw.ChunkHeaderMidMessage(id, format, stream.Received, stream.Length);
        // librtmp and its clones begin chunk stream 2 with type 1: message stream 0, time counted from 0. Type 2 has no length to go by.
        if (stream is null && format == 2)
            Throw.FreshChunkStreamWithoutLength(id, format);
        stream ??= Open(id);
        if (format != 2)
            (stream.Length, stream.Type) = ((int)UInt24(fields[3..]), (MessageType)fields[6]);
        if (format == 0)
            (stream.Timestamp, stream.StreamId) = (0, BinaryPrimitives.ReadUInt32LittleEndian(fields[7..]));
        BeginMessage(stream, time);
        return stream;
    }

    private void BeginMessage(ChunkStream stream, uint time)
    {
        if (stream.Length > Limits.MaxLength(stream.Type))
            Throw.MessageTooLarge(stream.Type, stream.Length, Limits.MaxLength(stream.Type));
        stream.Timestamp = unchecked(stream.Timestamp + time);
        stream.TimeField = time;
        stream.InMessage = true;
    }

    private bool TryReadType3(ChunkStream stream, ReadOnlySpan<byte> rest, out int extendedLength)
    {
        extendedLength = 0;
        if (stream.InMessage)
        {
            // A continuation repeats the extended timestamp if the sender is FFmpeg, librtmp, GStreamer or Flash, and doesn't if it is OBS
            // up to 30.0. So the bytes are compared with it. What differs already in a part of the four bytes needs no waiting.
            if (!stream.HasExtendedTimestamp)
                return true;
            Span<byte> repeated = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(repeated, stream.TimeField);
            var seen = rest[..Math.Min(4, rest.Length)];
            if (!repeated.StartsWith(seen))
                return true;
            extendedLength = 4;
            return seen.Length == 4;
        }
        // A new message like the one before. The last delta counts again; after a type 0 header that is the timestamp itself (RTMP 1.0
        // §5.3.1.2.4; FFmpeg, SRS and OBS from 30.2 on agree, nginx-rtmp takes 0). With an extended timestamp the sender states the
        // delta once more, and FFmpeg may state another one.
        var time = stream.TimeField;
        if (stream.HasExtendedTimestamp)
        {
            if (!BinaryPrimitives.TryReadUInt32BigEndian(rest, out time))
                return false;
            extendedLength = 4;
        }
        BeginMessage(stream, time);
        return true;
    }

    private bool TryReadPayload(ref SequenceReader<byte> reader)
    {
        var stream = _open!;
        while (_openLeft > 0)
        {
            var available = reader.UnreadSpan;
            if (available.IsEmpty)
                return false;
            if (available.Length > _openLeft)
                available = available[.._openLeft];
            if (BytesInAssembly + available.Length > Limits.MaxBytesInAssembly)
                Throw.TooManyBytesInAssembly(Limits.MaxBytesInAssembly);
            // Never by the declared length alone: the buffer grows as bytes arrive.
            stream.Payload ??= SharedBuffer.Rent(Math.Min(stream.Length, Math.Max(Limits.FirstBufferLength, available.Length)));
            stream.Payload.Append(available, stream.Length);
            BytesInAssembly += available.Length;
            _openLeft -= available.Length;
            reader.Advance(available.Length);
        }
        return true;
    }

    private RtmpMessage Complete(ChunkStream stream)
    {
        var message = new RtmpMessage(stream.Type, stream.Timestamp, stream.StreamId, stream.Payload ?? SharedBuffer.Empty);
        BytesInAssembly -= message.Payload.Length;
        stream.Payload = null;
        stream.InMessage = false;
        return message;
    }

    private void Apply(RtmpMessage message)
    {
        var length = message.Payload.Length;
        var whole = BinaryPrimitives.TryReadUInt32BigEndian(message.Payload.Span, out var value);
        message.Release();
        if (!whole)
            Throw.ControlPayload(message.Type, length);
        if (message.Type == MessageType.SetChunkSize)
        {
            if (value is 0 or > int.MaxValue)
                Throw.ChunkSize(value);
            ChunkSize = (int)Math.Min(value, MaxChunkSize);
        }
        else if (Find((int)Math.Min(value, int.MaxValue)) is { } stream)
        {
            Drop(stream);
        }
    }

    private void Drop(ChunkStream stream)
    {
        BytesInAssembly -= stream.Received;
        stream.Payload?.Release();
        stream.Payload = null;
        stream.InMessage = false;
    }

    private ChunkStream? Find(int id)
    {
        if (_latest?.Id == id)
            return _latest;
        foreach (var stream in _streams)
        {
            if (stream.Id == id)
                return _latest = stream;
        }
        return null;
    }

    private ChunkStream Open(int id)
    {
        if (_streams.Count >= Limits.MaxChunkStreams)
            Throw.TooManyChunkStreams(Limits.MaxChunkStreams);
        var stream = new ChunkStream(id);
        _streams.Add(stream);
        return _latest = stream;
    }

    private static uint UInt24(ReadOnlySpan<byte> bytes) => (uint)((bytes[0] << 16) | (bytes[1] << 8) | bytes[2]);

    private sealed class ChunkStream(int id)
    {
        public readonly int Id = id;
        public MessageType Type;
        public int Length;
        public uint StreamId;
        public uint Timestamp;

        /// <summary>The time of this message's header as it was sent: absolute for type 0, else a delta.</summary>
        public uint TimeField;
        public bool HasExtendedTimestamp;
        public bool InMessage;
        public SharedBuffer? Payload;

        public int Received => Payload?.Length ?? 0;
    }
}
