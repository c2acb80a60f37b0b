namespace RoomGrains.Rtmp.Amf;

/// <summary>One value as the bytes of AMF0: to keep it, or to send it by other ways than RTMP.</summary>
public static class Amf0
{
    /// <summary>The bytes of a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="maxLength">How many bytes it may have: what a peer sent as references may be far longer when it is written out.</param>
    /// <exception cref="RtmpProtocolException">It is longer, or cannot be written (see <see cref="Amf0Writer"/>).</exception>
    public static byte[] Encode(AmfValue value, int maxLength = PayloadWriter.MaxLength)
    {
        using var output = new PayloadWriter(maxLength);
        new Amf0Writer(output).Write(value);
        return output.ToArray();
    }

    /// <summary>The value that <see cref="Encode"/> wrote. What follows it is ignored.</summary>
    /// <exception cref="RtmpProtocolException">The bytes are no AMF0 value, or one beyond the limits.</exception>
    public static AmfValue Decode(ReadOnlySpan<byte> bytes, AmfLimits? limits = null) => new Amf0Reader(bytes, limits).Read();
}
