using System.Buffers;
using System.Buffers.Binary;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Chunks;

/// <summary>
/// Cuts messages into chunks for one receiver, each with the shortest header that what was sent before allows (RTMP 1.0 §5.3.1.2). For
/// clients; who sends one message to many uses <see cref="OutgoingMessage"/>. Not for several threads.
/// </summary>
public sealed class ChunkWriter
{
    /// <summary>The least and the greatest id of a chunk stream.</summary>
    private const int MinId = 2, MaxId = 65599;
    private const int MaxHeaderLength = 3 + 11 + 4;
    private const uint ExtendedTimestamp = 0xFFFFFF;

    private readonly Dictionary<int, Previous> _previous = [];

    /// <summary>How many bytes of payload a chunk has. Announce a change with Set Chunk Size first.</summary>
    public int ChunkSize
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, ChunkReader.MaxChunkSize);
            field = value;
        }
    } = ChunkReader.DefaultChunkSize;

    /// <summary>Writes a message, all its chunks.</summary>
    /// <param name="output">Gets the bytes.</param>
    /// <param name="type">The message's type.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="streamId">The message stream.</param>
    /// <param name="payload">The bytes, at most 0xFFFFFF.</param>
    /// <param name="chunkStreamId">2 to 65599. Messages of one kind should share one: that makes headers short.</param>
    public void Write(IBufferWriter<byte> output, MessageType type, uint timestamp, uint streamId, ReadOnlySpan<byte> payload, int chunkStreamId)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkStreamId, MinId);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunkStreamId, MaxId);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, ChunkReader.MaxChunkSize);

        var (format, time) = Choose(chunkStreamId, type, timestamp, streamId, payload.Length);
        _previous[chunkStreamId] = new Previous(type, timestamp, streamId, payload.Length, time);

        var header = output.GetSpan(MaxHeaderLength);
        var length = WriteBasicHeader(header, format, chunkStreamId);
        length += WriteMessageHeader(header[length..], format, time, type, streamId, payload.Length);
        length += WriteExtendedTimestamp(header[length..], time);
        output.Advance(length);

        for (; payload.Length > ChunkSize; payload = payload[ChunkSize..])
        {
            output.Write(payload[..ChunkSize]);
            header = output.GetSpan(MaxHeaderLength);
            length = WriteBasicHeader(header, 3, chunkStreamId);
            // FFmpeg, librtmp, GStreamer and Flash expect it again in every chunk.
            length += WriteExtendedTimestamp(header[length..], time);
            output.Advance(length);
        }
        output.Write(payload);
    }

    // The header's type, and the time that stands in it: absolute in type 0, else the delta.
    private (int Format, uint Time) Choose(int chunkStreamId, MessageType type, uint timestamp, uint streamId, int length)
    {
        if (!_previous.TryGetValue(chunkStreamId, out var previous) || previous.StreamId != streamId
            || RtmpTime.Between(previous.Timestamp, timestamp) < 0)
        {
            return (0, timestamp);
        }
        var delta = unchecked(timestamp - previous.Timestamp);
        if (previous.Length != length || previous.Type != type)
            return (1, delta);
        return (previous.Time == delta ? 3 : 2, delta);
    }

    private static int WriteBasicHeader(Span<byte> header, int format, int id)
    {
        switch (id)
        {
            case < 64:
                header[0] = (byte)((format << 6) | id);
                return 1;
            case < 64 + 256:
                header[0] = (byte)(format << 6);
                header[1] = (byte)(id - 64);
                return 2;
            default:
                header[0] = (byte)((format << 6) | 1);
                BinaryPrimitives.WriteUInt16LittleEndian(header[1..], (ushort)(id - 64));
                return 3;
        }
    }

    private static int WriteMessageHeader(Span<byte> header, int format, uint time, MessageType type, uint streamId, int length)
    {
        if (format == 3)
            return 0;
        WriteUInt24(header, Math.Min(time, ExtendedTimestamp));
        if (format == 2)
            return 3;
        WriteUInt24(header[3..], (uint)length);
        header[6] = (byte)type;
        if (format == 1)
            return 7;
        BinaryPrimitives.WriteUInt32LittleEndian(header[7..], streamId);
        return 11;
    }

    private static int WriteExtendedTimestamp(Span<byte> header, uint time)
    {
        if (time < ExtendedTimestamp)
            return 0;
        BinaryPrimitives.WriteUInt32BigEndian(header, time);
        return 4;
    }

    private static void WriteUInt24(Span<byte> destination, uint value)
    {
        destination[0] = (byte)(value >> 16);
        destination[1] = (byte)(value >> 8);
        destination[2] = (byte)value;
    }

    private readonly record struct Previous(MessageType Type, uint Timestamp, uint StreamId, int Length, uint Time);
}
