namespace RoomGrains.Rtmp.Enhanced;

/// <summary>Four ASCII characters as a number in network order: how Enhanced RTMP names codecs.</summary>
internal static class FourCc
{
    public static uint Of(ReadOnlySpan<byte> ascii) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(ascii);

    /// <summary>The four characters; what is no printable ASCII is a dot, as the value comes from a peer.</summary>
    public static string Text(uint value) => string.Create(4, value, static (text, value) =>
    {
        for (var i = 0; i < 4; i++)
            text[i] = (byte)(value >> (24 - 8 * i)) is var b and >= 0x20 and < 0x7F ? (char)b : '.';
    });
}
