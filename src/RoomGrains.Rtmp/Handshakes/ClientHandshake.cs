using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RoomGrains.Rtmp.Handshakes;

/// <summary>
/// The client's side of the handshake (RTMP 1.0 §5.2). Call <see cref="TryAdvance"/> once with no input to get the first bytes to send.
/// The simple form takes any S1 and S2, as other clients do; the digest forms check what the server signed.
/// </summary>
/// <param name="form">The form to ask for.</param>
/// <param name="time">Our clock in ms, for C1; servers do nothing with it.</param>
public sealed class ClientHandshake(HandshakeForm form = HandshakeForm.Simple, uint time = 0)
{
    private const byte Version = 3;
    private const int PacketLength = HandshakeDigest.PacketLength;

    private readonly byte[] _clientDigest = new byte[form == HandshakeForm.Simple ? 0 : 32];
    private State _state;

    private enum State { Start, Version, FirstPacket, SecondPacket, Done }

    /// <summary>Goes as far as the bytes reach.</summary>
    /// <param name="input">The bytes received; on return, those that are still to be read.</param>
    /// <param name="output">Gets the bytes to send.</param>
    /// <returns>Whether the handshake is complete: what is left in <paramref name="input"/> are chunks.</returns>
    /// <exception cref="RtmpProtocolException">The server speaks another version, or a digest was asked for and is wrong.</exception>
    public bool TryAdvance(ref ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        if (_state == State.Start)
        {
            WriteFirst(output);
            _state = State.Version;
        }
        if (_state == State.Version && new SequenceReader<byte>(input).TryPeek(out var version))
        {
            if (version != Version)
                Throw.HandshakeVersion(version);
            input = input.Slice(1);
            _state = State.FirstPacket;
        }
        Span<byte> packet = stackalloc byte[PacketLength];
        if (_state == State.FirstPacket && TryTake(ref input, packet))
        {
            WriteSecond(packet, output);
            _state = State.SecondPacket;
        }
        if (_state == State.SecondPacket && TryTake(ref input, packet))
        {
            if (form != HandshakeForm.Simple && !HandshakeDigest.IsSigned(packet, _clientDigest, HandshakeDigest.Server))
                Throw.HandshakeDigest("S2");
            _state = State.Done;
        }
        return _state == State.Done;
    }

    private void WriteFirst(IBufferWriter<byte> output)
    {
        var first = output.GetSpan(1 + PacketLength)[..(1 + PacketLength)];
        first[0] = Version;
        var c1 = first[1..];
        BinaryPrimitives.WriteUInt32BigEndian(c1, time);
        RandomNumberGenerator.Fill(c1[8..]);
        // FFmpeg states Flash Player 9.0.124.2 here; a version other than zero announces a digest.
        BinaryPrimitives.WriteUInt32BigEndian(c1[4..], form == HandshakeForm.Simple ? 0u : 0x09007C02);
        if (form != HandshakeForm.Simple)
            HandshakeDigest.Write(c1, form, HandshakeDigest.Player).CopyTo(_clientDigest);
        output.Advance(first.Length);
    }

    private void WriteSecond(ReadOnlySpan<byte> s1, IBufferWriter<byte> output)
    {
        var c2 = output.GetSpan(PacketLength)[..PacketLength];
        if (form == HandshakeForm.Simple)
        {
            s1.CopyTo(c2);
        }
        else
        {
            if (HandshakeDigest.Find(s1, HandshakeDigest.Server, out var serverDigest) != form)
                Throw.HandshakeDigest("S1");
            RandomNumberGenerator.Fill(c2);
            HandshakeDigest.Sign(c2, serverDigest, HandshakeDigest.Player);
        }
        output.Advance(PacketLength);
    }

    private static bool TryTake(ref ReadOnlySequence<byte> input, Span<byte> packet)
    {
        if (input.Length < packet.Length)
            return false;
        input.Slice(0, packet.Length).CopyTo(packet);
        input = input.Slice(packet.Length);
        return true;
    }
}
