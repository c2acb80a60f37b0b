using System.Buffers;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Flv;

/// <summary>Writes FLV; see <see cref="FlvReader"/> for the layout.</summary>
public static class FlvWriter
{
    /// <summary>The length of what <see cref="WriteTagHeader"/> writes.</summary>
    public const int TagHeaderLength = 11;

    /// <summary>Writes the header, and the 0 that stands for the length of the tag before the first.</summary>
    public static void WriteHeader(IBufferWriter<byte> output, FlvHeader header)
    {
        output.Put("FLV\u0001"u8);
        output.Put((byte)((header.HasAudio ? 4 : 0) | (header.HasVideo ? 1 : 0)));
        output.PutUInt32(9);
        output.PutUInt32(0);
    }

    /// <summary>Writes a tag and its length.</summary>
    /// <param name="output">Where the bytes go.</param>
    /// <param name="type">Audio, video or data.</param>
    /// <param name="timestamp">Milliseconds.</param>
    /// <param name="data">The payload of the RTMP message, below 16 MiB.</param>
    public static void WriteTag(IBufferWriter<byte> output, MessageType type, uint timestamp, ReadOnlySpan<byte> data)
    {
        WriteTagHeader(output, type, timestamp, data.Length);
        output.Put(data);
        WriteTagEnd(output, data.Length);
    }

    /// <summary>Writes what stands before the data of a tag, for those who send the data from where it lies.</summary>
    public static void WriteTagHeader(IBufferWriter<byte> output, MessageType type, uint timestamp, int dataLength)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dataLength, 0xFFFFFF);
        output.Put((byte)type);
        output.PutUInt24((uint)dataLength);
        output.PutUInt24(timestamp & 0xFFFFFF);
        output.Put((byte)(timestamp >> 24));
        output.PutUInt24(0);
    }

    /// <summary>Writes what stands after the data of a tag: its length.</summary>
    public static void WriteTagEnd(IBufferWriter<byte> output, int dataLength) => output.PutUInt32((uint)(TagHeaderLength + dataLength));
}
