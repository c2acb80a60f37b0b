namespace RoomGrains.Rtmp.Messages;

/// <summary>
/// Arithmetic on RTMP timestamps: milliseconds in 32 bits that wrap after 49 days, compared by serial numbers (RFC 1982), as RTMP 1.0
/// §5.3.1.3 asks.
/// </summary>
public static class RtmpTime
{
    /// <summary>From <paramref name="earlier"/> to <paramref name="later"/> in ms; negative when the order is the other way round.</summary>
    public static int Between(uint earlier, uint later) => unchecked((int)(later - earlier));

    /// <summary>Whether <paramref name="a"/> is later than <paramref name="b"/>.</summary>
    public static bool IsLater(uint a, uint b) => Between(b, a) > 0;
}
