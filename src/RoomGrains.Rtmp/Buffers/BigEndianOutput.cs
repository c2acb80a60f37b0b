using System.Buffers;
using System.Buffers.Binary;

namespace RoomGrains.Rtmp.Buffers;

/// <summary>Writes fields in network order. All of AMF and FLV is; of RTMP, all but the message stream id.</summary>
internal static class BigEndianOutput
{
    public static void Put(this IBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    public static void Put(this IBufferWriter<byte> output, params ReadOnlySpan<byte> bytes) => output.Write(bytes);

    public static void PutUInt16(this IBufferWriter<byte> output, ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(output.GetSpan(2), value);
        output.Advance(2);
    }

    public static void PutUInt24(this IBufferWriter<byte> output, uint value)
    {
        var span = output.GetSpan(3);
        (span[0], span[1], span[2]) = ((byte)(value >> 16), (byte)(value >> 8), (byte)value);
        output.Advance(3);
    }

    public static void PutUInt32(this IBufferWriter<byte> output, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(4), value);
        output.Advance(4);
    }

    public static void PutDouble(this IBufferWriter<byte> output, double value)
    {
        BinaryPrimitives.WriteDoubleBigEndian(output.GetSpan(8), value);
        output.Advance(8);
    }
}
