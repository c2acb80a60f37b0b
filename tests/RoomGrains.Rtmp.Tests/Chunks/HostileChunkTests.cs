using RoomGrains.Rtmp.Chunks;
using static RoomGrains.Rtmp.Tests.Chunks.ChunkCases;

namespace RoomGrains.Rtmp.Tests.Chunks;

/// <summary>Each way to break the protocol with chunks ends with the error that a metric will count, and holds no more than allowed.</summary>
public class HostileChunkTests
{
    private static readonly ChunkReaderLimits s_limits = new()
    {
        MaxMessageLength = 300, MaxAudioLength = 200, MaxVideoLength = 400, MaxControlLength = 20, MaxChunkStreams = 3, MaxBytesInAssembly = 350,
    };

    public static TheoryData<string, ProtocolError> Hostile => new()
    {
        // Set Chunk Size and Abort.
        { "02 000000 000004 01 00000000 00000000", ProtocolError.ChunkSize },
        { "02 000000 000004 01 00000000 80000000", ProtocolError.ChunkSize },
        { "02 000000 000004 01 00000000 FFFFFFFF", ProtocolError.ChunkSize },
        { "02 000000 000003 01 00000000 000000", ProtocolError.ControlPayload },
        { "02 000000 000000 01 00000000", ProtocolError.ControlPayload },
        { "02 000000 000003 02 00000000 000000", ProtocolError.ControlPayload },

        // A header in mid-message: same length, another length, each type.
        { $"06 000000 000082 09 01000000 {Times(128, "AA")} 06 000000 000082 09 01000000", ProtocolError.ChunkHeaderMidMessage },
        { $"06 000000 000082 09 01000000 {Times(128, "AA")} 46 000000 000190 09", ProtocolError.ChunkHeaderMidMessage },
        { $"06 000000 000082 09 01000000 {Times(128, "AA")} 86 000000", ProtocolError.ChunkHeaderMidMessage },

        // A chunk stream that begins without a length.
        { "86 000000", ProtocolError.FreshChunkStreamWithoutLength },
        { "C6", ProtocolError.FreshChunkStreamWithoutLength },
        { "04 000000 000001 08 01000000 00 C5", ProtocolError.FreshChunkStreamWithoutLength },

        // A length that is over the limit of the kind is refused before a byte of it has come.
        { "04 000000 0000C9 08 01000000", ProtocolError.MessageTooLarge },
        { "04 000000 000191 09 01000000", ProtocolError.MessageTooLarge },
        { "04 000000 000191 16 01000000", ProtocolError.MessageTooLarge },
        { "04 000000 00012D 12 01000000", ProtocolError.MessageTooLarge },
        { "04 000000 00012D 63 01000000", ProtocolError.MessageTooLarge },
        { "04 000000 000015 04 01000000", ProtocolError.MessageTooLarge },
        { "04 000000 FFFFFF 01 01000000", ProtocolError.MessageTooLarge },
        { "44 000000 FFFFFF 09", ProtocolError.MessageTooLarge },

        { "04 000000 000000 08 01000000 05 000000 000000 08 01000000 06 000000 000000 08 01000000 07 000000 000000 08 01000000", ProtocolError.TooManyChunkStreams },

        // Two messages within their limits, together over that of the connection.
        { $"04 000000 0000C8 08 01000000 {Times(128, "AA")} 05 000000 0000C8 08 01000000 {Times(128, "AA")} 06 000000 000190 09 01000000 {Times(95, "AA")}", ProtocolError.TooManyBytesInAssembly },
    };

    [Theory, MemberData(nameof(Hostile))]
    public void It_ends_with_its_error_however_it_is_delivered(string hex, ProtocolError error)
    {
        foreach (var delivery in Wire.Deliveries(Wire.Hex(hex)))
        {
            using var reader = new ChunkReader(s_limits);
            var thrown = Assert.Throws<RtmpProtocolException>(() => Wire.Read(reader, delivery));
            Assert.Equal(error, thrown.Error);
            Assert.True(reader.BytesInAssembly <= s_limits.MaxBytesInAssembly);
        }
    }

    [Fact]
    public void What_is_just_within_the_limits_is_read()
    {
        var bytes = Wire.Hex($"""
            04 000000 0000C8 08 01000000 {Times(128, "AA")} 05 000000 00012C 12 01000000 {Times(128, "AA")} 06 000000 000190 09 01000000 {Times(94, "AA")}
            """.ReplaceLineEndings(""));
        using var reader = new ChunkReader(s_limits);
        Assert.Empty(ChunkReaderTests.Read(reader, bytes));
        Assert.Equal(350, reader.BytesInAssembly);
    }

    [Fact]
    public void Declared_lengths_make_it_hold_no_memory()
    {
        var limits = ChunkReaderLimits.AfterAccept;
        // 8 MiB declared on every chunk stream, and a byte of each delivered, in chunks of one byte.
        byte[] bytes = [.. Wire.Hex("02 000000 000004 01 00000000 00000001"), .. Enumerable.Range(3, limits.MaxChunkStreams - 1).SelectMany(id => Wire.Hex($"{id:X2} 000000 800000 09 01000000 AA"))];
        using var reader = new ChunkReader(limits);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Empty(ChunkReaderTests.Read(reader, bytes));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(limits.MaxChunkStreams - 1, reader.BytesInAssembly);
        Assert.True(allocated < limits.MaxBytesInAssembly / 16 + 64 * 1024, $"{allocated} bytes");
    }
}
