namespace RoomGrains.Rtmp.Handshakes;

/// <summary>The forms of the handshake's packets C1 and S1.</summary>
public enum HandshakeForm
{
    /// <summary>Time, four zero bytes, random bytes (RTMP 1.0 §5.2).</summary>
    Simple,
    /// <summary>With a digest in the first of two blocks, at offset 8. FFmpeg, Flash Player. Not in the specification.</summary>
    DigestAt8,
    /// <summary>With a digest in the second of two blocks, at offset 772. Flash Player, some hardware. Not in the specification.</summary>
    DigestAt772,
}
