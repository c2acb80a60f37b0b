using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RoomGrains.Rtmp.Handshakes;

/// <summary>
/// The server's side of the handshake (RTMP 1.0 §5.2). A client whose C1 holds a valid digest gets one; all others get the simple form.
/// </summary>
/// <remarks>
/// <code>
/// client                      server
///   | C0 version 3, C1 1536      |
///   |      S0 3, S1 1536, S2 1536|   in one write, as other servers do
///   | C2 1536                    |   content ignored: FFmpeg as a player signs it, others echo S1
///   | chunks ...                 |   may come in the same segment as C2
/// </code>
/// </remarks>
/// <param name="time">Our clock in ms, for S1; clients do nothing with it.</param>
public sealed class ServerHandshake(uint time = 0)
{
    /// <summary>Bytes that the server sends: S0, S1 and S2.</summary>
    public const int AnswerLength = 1 + 2 * HandshakeDigest.PacketLength;

    private const byte Version = 3;
    private const int PacketLength = HandshakeDigest.PacketLength;

    private State _state;
    private int _left = PacketLength;

    private enum State { Version, FirstPacket, SecondPacket, Done }

    /// <summary>The form that the client chose; known when its C1 has been read.</summary>
    public HandshakeForm Form { get; private set; }

    /// <summary>Goes as far as the bytes reach.</summary>
    /// <param name="input">The bytes received; on return, those that are still to be read.</param>
    /// <param name="output">Gets the bytes to send.</param>
    /// <returns>Whether the handshake is complete: what is left in <paramref name="input"/> are chunks.</returns>
    /// <exception cref="RtmpProtocolException">The client doesn't speak RTMP; its first byte shows what it speaks instead.</exception>
    public bool TryAdvance(ref ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        if (_state == State.Version && new SequenceReader<byte>(input).TryPeek(out var version))
        {
            CheckVersion(version);
            input = input.Slice(1);
            _state = State.FirstPacket;
        }
        if (_state == State.FirstPacket && input.Length >= PacketLength)
        {
            Span<byte> packet = stackalloc byte[PacketLength];
            input.Slice(0, PacketLength).CopyTo(packet);
            input = input.Slice(PacketLength);
            Answer(packet, output);
            _state = State.SecondPacket;
        }
        if (_state == State.SecondPacket)
        {
            var skip = (int)Math.Min(_left, input.Length);
            input = input.Slice(skip);
            _left -= skip;
            if (_left == 0)
                _state = State.Done;
        }
        return _state == State.Done;
    }

    private static void CheckVersion(byte version)
    {
        switch (version)
        {
            case Version:
                return;
            case 0x16:
                Throw.NotRtmpTls();
                break;
            case 6 or 8 or 9:
                Throw.EncryptedRtmp(version);
                break;
            // GET, POST, HEAD, OPTIONS, PUT, PRI (HTTP/2) ...: methods are capital letters, and versions above 31 are kept free for this.
            case >= (byte)'A' and <= (byte)'Z':
                Throw.NotRtmpHttp();
                break;
            default:
                Throw.HandshakeVersion(version);
                break;
        }
    }

    private void Answer(ReadOnlySpan<byte> c1, IBufferWriter<byte> output)
    {
        Form = HandshakeDigest.Find(c1, HandshakeDigest.Player, out var clientDigest);
        var answer = output.GetSpan(1 + 2 * PacketLength)[..(1 + 2 * PacketLength)];
        answer[0] = Version;
        var s1 = answer.Slice(1, PacketLength);
        var s2 = answer[(1 + PacketLength)..];

        BinaryPrimitives.WriteUInt32BigEndian(s1, time);
        RandomNumberGenerator.Fill(s1[8..]);
        if (Form == HandshakeForm.Simple)
        {
            // A version of zero tells FFmpeg not to look for a digest.
            s1[4..8].Clear();
            c1.CopyTo(s2);
        }
        else
        {
            // Flash Media Server's version; FFmpeg checks the digest where the first byte is 3 or more.
            s1[4] = 4;
            s1[5] = 5;
            s1[6] = 0;
            s1[7] = 1;
            HandshakeDigest.Write(s1, Form, HandshakeDigest.Server);
            RandomNumberGenerator.Fill(s2);
            HandshakeDigest.Sign(s2, clientDigest, HandshakeDigest.Server);
        }
        output.Advance(answer.Length);
    }
}
