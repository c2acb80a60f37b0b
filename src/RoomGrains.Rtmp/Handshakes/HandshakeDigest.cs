using System.Security.Cryptography;

namespace RoomGrains.Rtmp.Handshakes;

/// <summary>
/// The digests that Flash Player 9.0.115 brought: it plays H.264 and AAC only from a server that signs. They prove nothing (the keys are
/// known), but clients look for them. RTMP 1.0 is silent; this is what FFmpeg checks as a player.
/// </summary>
/// <remarks>
/// <code>
/// C1, S1: time 4 | version 4 | block of 764 bytes | block of 764 bytes      one of the blocks, at 8 or at 772, holds the digest:
/// digest block: four bytes whose sum mod 728 is an offset | offset bytes | digest 32 | random
/// C2, S2: random 1504 | signature 32
/// </code>
/// </remarks>
internal static class HandshakeDigest
{
    public const int PacketLength = 1536;
    private const int DigestLength = 32;

    private static readonly byte[] s_common =
        Convert.FromHexString("F0EEC24A8068BEE82E00D0D1029E7E576EEC5D2D29806FAB93B8E636CFEB31AE");

    /// <summary>Keys of the client: the name alone makes digests, name and secret together make signatures.</summary>
    public static readonly Keys Player = new("Genuine Adobe Flash Player 001"u8);

    /// <summary>Keys of the server.</summary>
    public static readonly Keys Server = new("Genuine Adobe Flash Media Server 001"u8);

    /// <summary>The form of C1 or S1 that its digest shows, and the digest; simple and empty if there is none.</summary>
    public static HandshakeForm Find(ReadOnlySpan<byte> packet, Keys keys, out ReadOnlySpan<byte> digest)
    {
        Span<byte> expected = stackalloc byte[DigestLength];
        foreach (var form in (ReadOnlySpan<HandshakeForm>)[HandshakeForm.DigestAt8, HandshakeForm.DigestAt772])
        {
            var position = Position(packet, form);
            Compute(packet, position, keys, expected);
            digest = packet.Slice(position, DigestLength);
            if (digest.SequenceEqual(expected))
                return form;
        }
        digest = default;
        return HandshakeForm.Simple;
    }

    /// <summary>Puts the digest into C1 or S1, whose other bytes are complete.</summary>
    /// <returns>The digest.</returns>
    public static ReadOnlySpan<byte> Write(Span<byte> packet, HandshakeForm form, Keys keys)
    {
        var position = Position(packet, form);
        var digest = packet.Slice(position, DigestLength);
        Compute(packet, position, keys, digest);
        return digest;
    }

    /// <summary>Signs C2 or S2: its last 32 bytes are made from those before and from the digest of the other side's packet.</summary>
    public static void Sign(Span<byte> packet, ReadOnlySpan<byte> digest, Keys keys) =>
        ComputeSignature(packet, digest, keys, packet[^DigestLength..]);

    /// <summary>Whether C2 or S2 is signed so.</summary>
    public static bool IsSigned(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> digest, Keys keys)
    {
        Span<byte> expected = stackalloc byte[DigestLength];
        ComputeSignature(packet, digest, keys, expected);
        return expected.SequenceEqual(packet[^DigestLength..]);
    }

    private static void ComputeSignature(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> digest, Keys keys, Span<byte> signature)
    {
        Span<byte> key = stackalloc byte[DigestLength];
        HMACSHA256.HashData(keys.Signature, digest, key);
        HMACSHA256.HashData(key, packet[..^DigestLength], signature);
    }

    private static int Position(ReadOnlySpan<byte> packet, HandshakeForm form)
    {
        var block = form == HandshakeForm.DigestAt8 ? 8 : 772;
        return block + 4 + (packet[block] + packet[block + 1] + packet[block + 2] + packet[block + 3]) % 728;
    }

    private static void Compute(ReadOnlySpan<byte> packet, int position, Keys keys, Span<byte> digest)
    {
        Span<byte> others = stackalloc byte[PacketLength - DigestLength];
        packet[..position].CopyTo(others);
        packet[(position + DigestLength)..].CopyTo(others[position..]);
        HMACSHA256.HashData(keys.Digest, others, digest);
    }

    public sealed class Keys(ReadOnlySpan<byte> name)
    {
        public byte[] Digest { get; } = name.ToArray();

        public byte[] Signature { get; } = [.. name, .. s_common];
    }
}
