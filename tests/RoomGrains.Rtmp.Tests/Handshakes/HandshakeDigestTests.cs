using RoomGrains.Rtmp.Handshakes;

namespace RoomGrains.Rtmp.Tests.Handshakes;

/// <summary>
/// Our client and our server share the code, so they would agree on a wrong digest too. These values were computed apart from it, with
/// Python's hmac module, for a packet whose byte i is 7i + i/256.
/// </summary>
public class HandshakeDigestTests
{
    private static readonly byte[] s_packet = [.. Enumerable.Range(0, 1536).Select(i => (byte)(i * 7 + i / 256))];

    [Theory]
    [InlineData(HandshakeForm.DigestAt8, false, 278, "CCD0907F7BF3F1245BE52E85E5347E7A88B59518B0B4ABB5F4AE208F95A4E64B")]
    [InlineData(HandshakeForm.DigestAt8, true, 278, "F812D0E91698B67C4F4D18838149A878A5193A98E85D03069A9F2CA6DD6504D9")]
    [InlineData(HandshakeForm.DigestAt772, false, 942, "0C7A6F9C9855F8FF6C8C03B110E43E0C4A1C2B8C58A4EB25F4C33CEEF7CB2C31")]
    [InlineData(HandshakeForm.DigestAt772, true, 942, "B906DE354FDCE866A845780EAA55CEB3F6673E1D4314A6185F38FAB7672E921A")]
    public void A_digest_has_its_place_and_its_value(HandshakeForm form, bool server, int position, string digest)
    {
        var keys = server ? HandshakeDigest.Server : HandshakeDigest.Player;
        var packet = s_packet.ToArray();
        Assert.Equal(HandshakeForm.Simple, HandshakeDigest.Find(packet, keys, out _));
        HandshakeDigest.Write(packet, form, keys);
        Assert.Equal(digest, Convert.ToHexString(packet.AsSpan(position, 32)));
        Assert.Equal(form, HandshakeDigest.Find(packet, keys, out var found));
        Assert.Equal(digest, Convert.ToHexString(found));
    }

    [Theory]
    [InlineData(false, "EF6DAEFB57AF24E96DA98EA56420CA76071EC6294D18D9DC372A0828B68C32A5")]
    [InlineData(true, "67B50E61D2CB3235AC23A36D060465F26966384FE586F4BC44F4297525743E18")]
    public void A_signature_has_its_value(bool server, string signature)
    {
        var keys = server ? HandshakeDigest.Server : HandshakeDigest.Player;
        var packet = s_packet.ToArray();
        byte[] digest = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        HandshakeDigest.Sign(packet, digest, keys);
        Assert.Equal(signature, Convert.ToHexString(packet.AsSpan(1504)));
        Assert.True(HandshakeDigest.IsSigned(packet, digest, keys));
    }
}
