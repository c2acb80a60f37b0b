using System.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;
using static RoomGrains.Rtmp.Tests.Chunks.ChunkCases;

namespace RoomGrains.Rtmp.Tests.Chunks;

public class ChunkReaderTests
{
    public static TheoryData<string> Names => [.. All.Select(c => c.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Every_case_is_read_however_it_is_delivered(string name)
    {
        var @case = Named(name);
        var expected = @case.Messages.Select(m => m.Received).OfType<Received>().ToList();
        foreach (var delivery in Wire.Deliveries(@case.Bytes))
        {
            using var reader = new ChunkReader(Wire.Wide);
            Assert.Equal(expected, Wire.Read(reader, delivery));
            Assert.Equal(0, reader.BytesInAssembly);
        }
    }

    [Fact]
    public void Payload_is_taken_out_of_the_input_before_its_chunk_is_whole()
    {
        using var reader = new ChunkReader(Wire.Wide);
        var input = new ReadOnlySequence<byte>(Wire.Hex("06 000000 000081 09 01000000 AAAAAA"));
        Assert.False(reader.TryRead(ref input, out _));
        Assert.True(input.IsEmpty);
        Assert.Equal(3, reader.BytesInAssembly);
    }

    [Fact]
    public void A_header_stays_in_the_input_until_it_is_whole()
    {
        using var reader = new ChunkReader(Wire.Wide);
        var input = new ReadOnlySequence<byte>(Wire.Hex("06 000000 000081 09 010000"));
        Assert.False(reader.TryRead(ref input, out _));
        Assert.Equal(11, input.Length);
    }

    // The one case in which the peek at an extended timestamp can't know: the sender leaves it out, the message's rest is shorter than it
    // and is the same bytes. The next chunk, whatever it is, decides.
    [Fact]
    public void A_rest_that_looks_like_the_extended_timestamp_waits_for_the_next_byte()
    {
        using var reader = new ChunkReader(Wire.Wide);
        var payload = Times(128, "AA");
        var input = new ReadOnlySequence<byte>(Wire.Hex($"06 FFFFFF 000082 09 01000000 01000000 {payload} C6 0100"));
        Assert.False(reader.TryRead(ref input, out _));
        Assert.Equal(3, input.Length);

        var more = new ReadOnlySequence<byte>(Wire.Hex("C6 0100 C6"));
        Assert.True(reader.TryRead(ref more, out var message));
        Assert.Equal(payload + "0100", Convert.ToHexString(message.Payload.Span));
        message.Release();
    }

    [Fact]
    public void Limits_can_be_widened_once_the_peer_is_accepted()
    {
        var video = Wire.Hex($"06 000000 020000 09 01000000 {Times(128, "AA")}");
        using var reader = new ChunkReader(ChunkReaderLimits.BeforeAccept);
        Assert.Equal(ProtocolError.MessageTooLarge, Assert.Throws<RtmpProtocolException>(() => Read(reader, video)).Error);

        using var accepted = new ChunkReader(ChunkReaderLimits.BeforeAccept);
        Assert.Single(Read(accepted, Wire.Hex("03 000000 000001 14 00000000 00")));
        accepted.Limits = ChunkReaderLimits.AfterAccept;
        Assert.Empty(Read(accepted, video));
        Assert.Equal(128, accepted.BytesInAssembly);
    }

    [Fact]
    public void Disposing_gives_back_what_is_in_assembly()
    {
        var reader = new ChunkReader(Wire.Wide);
        Read(reader, Wire.Hex($"06 000000 020000 09 01000000 {Times(128, "AA")} 04 000000 000100 08 01000000 BB"));
        Assert.Equal(129, reader.BytesInAssembly);
        reader.Dispose();
        Assert.Equal(0, reader.BytesInAssembly);
        reader.Dispose();
    }

    [Fact]
    public void Known_chunk_streams_are_not_counted_again()
    {
        using var reader = new ChunkReader(Wire.Wide with { MaxChunkStreams = 2 });
        for (var i = 0; i < 10; i++)
            Assert.Equal(2, Read(reader, Wire.Hex("04 000000 000001 08 01000000 00 05 000000 000001 08 01000000 00")).Count);
    }

    internal static List<Received> Read(ChunkReader reader, byte[] bytes) => Wire.Read(reader, [new ReadOnlySequence<byte>(bytes)]);
}
