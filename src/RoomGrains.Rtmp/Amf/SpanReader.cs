using System.Buffers.Binary;
using System.Text;

namespace RoomGrains.Rtmp.Amf;

/// <summary>
/// Reads big-endian fields of a whole message. The bytes are all there, so running out of them is an error, never "wait for more".
/// Lengths are compared with what is left before anything is allocated.
/// </summary>
internal ref struct SpanReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { get; private set; }

    public readonly int Left => _bytes.Length - Position;

    public readonly ReadOnlySpan<byte> Rest => _bytes[Position..];

    public ReadOnlySpan<byte> Take(uint length)
    {
        if (length > (uint)Left)
            Throw.AmfTruncated(length, Left);
        var taken = _bytes.Slice(Position, (int)length);
        Position += (int)length;
        return taken;
    }

    public byte Byte() => Take(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    /// <summary>Text; bytes that are not UTF-8 become U+FFFD: old encoders send names in their local code page.</summary>
    public string Text(uint length) => Encoding.UTF8.GetString(Take(length));

    /// <summary>A text of AMF0: length of two bytes, then UTF-8.</summary>
    public string ShortText() => Text(UInt16());

    /// <summary>Checks a count of items that take at least so many bytes each.</summary>
    public readonly int Count(uint count, int bytesEach)
    {
        if ((ulong)count * (ulong)bytesEach > (ulong)Left)
            Throw.AmfTruncated((long)count * bytesEach, Left);
        return (int)count;
    }
}
