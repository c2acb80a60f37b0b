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

    public static TheoryData<string, string, ProtocolError> Hostile => new()
    {
        { "Set Chunk Size of 0", "02 000000 000004 01 00000000 00000000", ProtocolError.ChunkSize },
        { "Set Chunk Size with the top bit", "02 000000 000004 01 00000000 80000000", ProtocolError.ChunkSize },
        { "Set Chunk Size with all bits", "02 000000 000004 01 00000000 FFFFFFFF", ProtocolError.ChunkSize },
        { "Set Chunk Size of three bytes", "02 000000 000003 01 00000000 000000", ProtocolError.ControlPayload },
        { "Set Chunk Size of no bytes", "02 000000 000000 01 00000000", ProtocolError.ControlPayload },
        { "Abort of three bytes", "02 000000 000003 02 00000000 000000", ProtocolError.ControlPayload },

        { "type 0 in mid-message, with the same length", $"06 000000 000082 09 01000000 {Times(128, "AA")} 06 000000 000082 09 01000000", ProtocolError.ChunkHeaderMidMessage },
        { "type 1 in mid-message, with another length", $"06 000000 000082 09 01000000 {Times(128, "AA")} 46 000000 000190 09", ProtocolError.ChunkHeaderMidMessage },
        { "type 2 in mid-message", $"06 000000 000082 09 01000000 {Times(128, "AA")} 86 000000", ProtocolError.ChunkHeaderMidMessage },

        { "type 2 on a fresh chunk stream", "86 000000", ProtocolError.FreshChunkStreamWithoutLength },
        { "type 3 on a fresh chunk stream", "C6", ProtocolError.FreshChunkStreamWithoutLength },
        { "type 3 on a fresh chunk stream beside a known one", "04 000000 000001 08 01000000 00 C5", ProtocolError.FreshChunkStreamWithoutLength },

        // Refused by the header, before a byte of the message has come.
        { "audio too long", "04 000000 0000C9 08 01000000", ProtocolError.MessageTooLarge },
        { "video too long", "04 000000 000191 09 01000000", ProtocolError.MessageTooLarge },
        { "aggregate too long", "04 000000 000191 16 01000000", ProtocolError.MessageTooLarge },
        { "data too long", "04 000000 00012D 12 01000000", ProtocolError.MessageTooLarge },
        { "unknown type too long", "04 000000 00012D 63 01000000", ProtocolError.MessageTooLarge },
        { "user control too long", "04 000000 000015 04 01000000", ProtocolError.MessageTooLarge },
        { "Set Chunk Size too long", "04 000000 FFFFFF 01 01000000", ProtocolError.MessageTooLarge },
        { "too long by a header of type 1", "44 000000 FFFFFF 09", ProtocolError.MessageTooLarge },

        { "four chunk streams", "04 000000 000000 08 01000000 05 000000 000000 08 01000000 06 000000 000000 08 01000000 07 000000 000000 08 01000000", ProtocolError.TooManyChunkStreams },
        {
            "each message within its limit, together over that of the connection",
            $"04 000000 0000C8 08 01000000 {Times(128, "AA")} 05 000000 0000C8 08 01000000 {Times(128, "AA")} 06 000000 000190 09 01000000 {Times(95, "AA")}",
            ProtocolError.TooManyBytesInAssembly
        },
    };

    [Theory, MemberData(nameof(Hostile))]
    public void It_ends_with_its_error_however_it_is_delivered(string what, string hex, ProtocolError error)
    {
        foreach (var delivery in Wire.Deliveries(Wire.Hex(hex)))
        {
            using var reader = new ChunkReader(s_limits);
            var thrown = Assert.Throws<RtmpProtocolException>(() => Wire.Read(reader, delivery));
            Assert.True(error == thrown.Error, $"{what}: {thrown.Error}, {thrown.Message}");
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
