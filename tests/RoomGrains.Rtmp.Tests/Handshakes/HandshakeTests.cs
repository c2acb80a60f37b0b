using System.Buffers;
using RoomGrains.Rtmp.Handshakes;
using RoomGrains.Rtmp.Tests.Chunks;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Handshakes;

public class HandshakeTests
{
    public static TheoryData<HandshakeForm> Forms => [.. Enum.GetValues<HandshakeForm>()];

    [Theory, MemberData(nameof(Forms))]
    public void Client_and_server_agree_on_every_form(HandshakeForm form)
    {
        // The digest's place depends on random bytes: many rounds reach many places.
        for (var round = 0; round < 200; round++)
        {
            var (client, server) = (new ClientHandshake(form, time: 7), new ServerHandshake(time: 9));
            var first = Advance(client, [], out var clientDone);
            var answer = Advance(server, first, out var serverDone);
            Assert.False(clientDone || serverDone);
            var second = Advance(client, answer, out clientDone);
            Assert.Empty(Advance(server, second, out serverDone));

            Assert.True(clientDone && serverDone);
            Assert.Equal(form, server.Form);
            Assert.Equal(1 + 2 * 1536, answer.Length);
            Assert.Equal(form == HandshakeForm.Simple, answer.AsSpan(5, 4).SequenceEqual(new byte[4]));
        }
    }

    [Fact]
    public void In_the_simple_form_S2_is_C1_and_C2_is_S1()
    {
        var client = new ClientHandshake();
        var c0c1 = Advance(client, [], out _);
        var answer = Advance(new ServerHandshake(), c0c1, out _);
        var c2 = Advance(client, answer, out _);
        Assert.Equal(c0c1[1..], answer[1537..]);
        Assert.Equal(answer[1..1537], c2);
    }

    [Theory, MemberData(nameof(Forms))]
    public void The_server_takes_bytes_in_any_pieces_and_leaves_the_chunks_behind_C2(HandshakeForm form)
    {
        var chunks = Wire.Hex("02 000000 000004 05 00000000 002625A0");
        byte[] bytes = [.. Advance(new ClientHandshake(form), [], out _), .. new byte[1536], .. chunks];
        // Every place to cut matters only at the seams; each byte on its own is one more way.
        var cuts = new[] { 1, 2, 1000, 1536, 1537, 1538, 3000, 3072, 3073, 3074, bytes.Length - 1 };
        foreach (var pieces in cuts.Select(cut => new[] { bytes[..cut], bytes[cut..] }).Append([.. bytes.Select(b => new[] { b })]))
        {
            var server = new ServerHandshake();
            var output = new ArrayBufferWriter<byte>();
            var left = ReadOnlySequence<byte>.Empty;
            var done = false;
            foreach (var piece in pieces)
            {
                left = Splits.Join(left.ToArray(), piece);
                done = server.TryAdvance(ref left, output);
            }
            Assert.True(done);
            Assert.Equal(form, server.Form);
            Assert.Equal(3073, output.WrittenCount);
            Assert.Equal(chunks, left.ToArray());
        }
    }

    [Fact]
    public void The_server_sends_nothing_before_C1_is_whole()
    {
        Assert.Empty(Advance(new ServerHandshake(), [3, .. new byte[1535]], out var done));
        Assert.False(done);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1", ProtocolError.NotRtmpHttp)]
    [InlineData("POST /open/1", ProtocolError.NotRtmpHttp)]
    [InlineData("PRI * HTTP/2.0", ProtocolError.NotRtmpHttp)]
    [InlineData("OPTIONS rtsp://", ProtocolError.NotRtmpHttp)]
    [InlineData("\x16\x03\x01", ProtocolError.NotRtmpTls)]
    [InlineData("\x06", ProtocolError.EncryptedRtmp)]
    [InlineData("\x08", ProtocolError.EncryptedRtmp)]
    [InlineData("\x09", ProtocolError.EncryptedRtmp)]
    [InlineData("\0", ProtocolError.HandshakeVersion)]
    [InlineData("\x04", ProtocolError.HandshakeVersion)]
    [InlineData("\xff", ProtocolError.HandshakeVersion)]
    public void The_first_byte_tells_what_else_the_client_speaks(string bytes, ProtocolError error)
    {
        var first = System.Text.Encoding.Latin1.GetBytes(bytes)[..1];
        Assert.Equal(error, Assert.Throws<RtmpProtocolException>(() => Advance(new ServerHandshake(), first, out _)).Error);
    }

    [Fact]
    public void A_client_that_asked_for_a_digest_refuses_a_wrong_one()
    {
        foreach (var at in (int[])[1 + 1000, 1537 + 3])
        {
            var client = new ClientHandshake(HandshakeForm.DigestAt8);
            var answer = Advance(new ServerHandshake(), Advance(client, [], out _), out _);
            answer[at] ^= 1;
            var refused = Assert.Throws<RtmpProtocolException>(() => Advance(client, answer, out _));
            Assert.Equal(ProtocolError.HandshakeDigest, refused.Error);
        }
    }

    [Fact]
    public void A_client_refuses_another_version()
    {
        var client = new ClientHandshake();
        Assert.Equal(ProtocolError.HandshakeVersion, Assert.Throws<RtmpProtocolException>(() => Advance(client, [4], out _)).Error);
    }

    private static byte[] Advance(ServerHandshake server, byte[] bytes, out bool done)
    {
        var output = new ArrayBufferWriter<byte>();
        var input = new ReadOnlySequence<byte>(bytes);
        done = server.TryAdvance(ref input, output);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Advance(ClientHandshake client, byte[] bytes, out bool done)
    {
        var output = new ArrayBufferWriter<byte>();
        var input = new ReadOnlySequence<byte>(bytes);
        done = client.TryAdvance(ref input, output);
        return output.WrittenSpan.ToArray();
    }
}
