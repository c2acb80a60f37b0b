using System.Buffers.Binary;
using System.Text;

namespace RoomGrains.Cluster.Tests.Crowds;

/// <summary>What every frame of the crowd says of itself, so that whoever gets it can tell whether it should have.</summary>
/// <param name="Publisher">Which client sent it: two may fight for one name.</param>
/// <param name="Connection">Counts the publications of the stream, whoever made them, in the order in which they were accepted.</param>
/// <param name="Sequence">Counts the frames that this publisher has sent, over all its connections.</param>
/// <param name="SentAt">When, by the clock of this process (<see cref="TimeProvider.GetTimestamp"/>).</param>
internal readonly record struct Watermark(int Publisher, int Connection, long Sequence, long SentAt)
{
    // An AVC frame (0x17 key, 0x27 inter; 1; composition time), then one NAL unit in AVCC form: length, header, ours.
    private const int Prefix = 10;
    private const int Fields = Prefix + 4 + 4 + 4 + 8 + 8 + 2;
    private const uint Magic = 0x52475731;

    /// <summary>AVCDecoderConfigurationRecord of a baseline stream, as FLV's sequence header.</summary>
    public static ReadOnlyMemory<byte> SequenceHeader { get; } = new byte[]
    {
        0x17, 0, 0, 0, 0,
        1, 0x42, 0xC0, 0x0D, 0xFF, 0xE1, 0, 10, 0x67, 0x42, 0xC0, 0x0D, 0xD9, 0x01, 0x41, 0x8C, 0xB2, 0x40, 1, 0, 4, 0x68, 0xCE, 0x3C, 0x80,
    };

    /// <summary>Writes an AVC frame that carries the mark. What follows the mark are bytes that its sequence foretells.</summary>
    /// <returns>The frame's length.</returns>
    public int Write(Span<byte> frame, ReadOnlySpan<byte> stream, bool isKey, int length)
    {
        length = Math.Max(length, Fields + stream.Length);
        frame = frame[..length];
        frame[0] = isKey ? (byte)0x17 : (byte)0x27;
        frame[1] = 1;
        frame[2..5].Clear();
        BinaryPrimitives.WriteInt32BigEndian(frame[5..], length - 9);
        frame[9] = isKey ? (byte)0x65 : (byte)0x41;
        var mark = frame[Prefix..];
        BinaryPrimitives.WriteUInt32BigEndian(mark, Magic);
        BinaryPrimitives.WriteInt32BigEndian(mark[4..], Publisher);
        BinaryPrimitives.WriteInt32BigEndian(mark[8..], Connection);
        BinaryPrimitives.WriteInt64BigEndian(mark[12..], Sequence);
        BinaryPrimitives.WriteInt64BigEndian(mark[20..], SentAt);
        BinaryPrimitives.WriteUInt16BigEndian(mark[28..], (ushort)stream.Length);
        stream.CopyTo(mark[30..]);
        for (var i = Fields + stream.Length; i < length; i++)
            frame[i] = unchecked((byte)(Sequence + i));
        return length;
    }

    /// <summary>Reads a frame.</summary>
    /// <param name="frame">The payload of a video message.</param>
    /// <param name="stream">The stream that it must be of.</param>
    /// <param name="mark">The mark.</param>
    /// <returns>What is wrong with it, in words; null when nothing is.</returns>
    public static string? Read(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> stream, out Watermark mark)
    {
        mark = default;
        if (frame.Length < Fields || BinaryPrimitives.ReadUInt32BigEndian(frame[Prefix..]) != Magic)
            return $"a frame of {frame.Length} bytes that nobody here has sent";
        var fields = frame[Prefix..];
        var nameLength = BinaryPrimitives.ReadUInt16BigEndian(fields[28..]);
        if (frame.Length < Fields + nameLength)
            return "a frame cut short";
        var name = frame.Slice(Fields, nameLength);
        if (!name.SequenceEqual(stream))
            return $"a frame of {Encoding.UTF8.GetString(name)}";
        mark = new(
            BinaryPrimitives.ReadInt32BigEndian(fields[4..]), BinaryPrimitives.ReadInt32BigEndian(fields[8..]),
            BinaryPrimitives.ReadInt64BigEndian(fields[12..]), BinaryPrimitives.ReadInt64BigEndian(fields[20..]));
        for (var i = Fields + nameLength; i < frame.Length; i++)
            if (frame[i] != unchecked((byte)(mark.Sequence + i)))
                return $"frame {mark.Sequence} with other bytes than were sent";
        return null;
    }

    /// <summary>Whether a frame is a key frame.</summary>
    public static bool IsKey(ReadOnlySpan<byte> frame) => frame[0] == 0x17;
}
