using System.Buffers;
using System.Buffers.Binary;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Chunks;

public class ChunkWriterTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. ChunkCases.All.Where(c => c.Shortest).Select(c => c.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Every_case_is_written_as_it_stands_in_the_table(string name)
    {
        var @case = ChunkCases.Named(name);
        var writer = new ChunkWriter();
        var bytes = new ArrayBufferWriter<byte>();
        foreach (var message in @case.Messages)
        {
            var payload = Convert.FromHexString(message.Payload);
            writer.Write(bytes, message.Type, message.Timestamp, message.StreamId, payload, message.ChunkStreamId);
            if (message.Type == MessageType.SetChunkSize)
                writer.ChunkSize = BinaryPrimitives.ReadInt32BigEndian(payload);
        }
        Assert.Equal(Convert.ToHexString(@case.Bytes), Convert.ToHexString(bytes.WrittenSpan));
    }

    [Fact]
    public void Whatever_is_written_is_read_back()
    {
        var random = new Random(Seed.Next(output));
        for (var round = 0; round < 50; round++)
        {
            var writer = new ChunkWriter();
            using var reader = new ChunkReader(Wire.Wide);
            var (bytes, sent) = (new ArrayBufferWriter<byte>(), new List<Received>());
            var ids = Enumerable.Range(0, 12).Select(_ => random.Next(4) switch { 0 => 2, 1 => random.Next(3, 64), 2 => random.Next(64, 320), _ => random.Next(320, 65600) }).ToArray();
            uint[] steps = [0, 0, 20, 20, 40, 0xFFFFFE, 0xFFFFFF, 0x1000000, unchecked((uint)-1), 0x7FFFFFFF];
            var clock = (uint)random.NextInt64(uint.MaxValue);
            for (var i = 0; i < 100; i++)
            {
                if (random.Next(10) == 0)
                {
                    var size = random.Next(3) switch { 0 => random.Next(1, 5), 1 => 128, _ => random.Next(1, 5000) };
                    var value = new byte[4];
                    BinaryPrimitives.WriteInt32BigEndian(value, size);
                    writer.Write(bytes, MessageType.SetChunkSize, clock, 0, value, 2);
                    writer.ChunkSize = size;
                }
                var payload = new byte[random.Next(3) switch { 0 => 3, 1 => random.Next(300), _ => random.Next(3000) }];
                random.NextBytes(payload);
                clock = unchecked(clock + steps[random.Next(steps.Length)]);
                var message = new Received(random.Next(2) == 0 ? MessageType.Audio : MessageType.Video, clock, (uint)random.Next(2), Convert.ToHexString(payload));
                writer.Write(bytes, message.Type, clock, message.StreamId, payload, ids[random.Next(ids.Length)]);
                sent.Add(message);
            }
            Assert.Equal(sent, Wire.Read(reader, Pieces(bytes.WrittenMemory, random)));
        }
    }

    [Fact]
    public void Media_at_a_steady_rate_costs_one_byte_of_header()
    {
        var (writer, bytes) = (new ChunkWriter(), new ArrayBufferWriter<byte>());
        for (uint time = 0; time <= 100; time += 20)
            writer.Write(bytes, MessageType.Audio, time, 1, [1, 2, 3], 4);
        Assert.Equal(12 + 4 + 4 * 1 + 6 * 3, bytes.WrittenCount);
    }

    [Theory]
    [InlineData(1), InlineData(65600), InlineData(-1)]
    public void There_is_no_such_chunk_stream(int id)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkWriter().Write(new ArrayBufferWriter<byte>(), MessageType.Audio, 0, 0, [], id));
    }

    [Theory]
    [InlineData(0), InlineData(-1), InlineData(0x1000000)]
    public void There_is_no_such_chunk_size(int size) => Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkWriter().ChunkSize = size);

    internal static IEnumerable<ReadOnlySequence<byte>> Pieces(ReadOnlyMemory<byte> bytes, Random random)
    {
        while (!bytes.IsEmpty)
        {
            var length = Math.Min(bytes.Length, random.Next(4) == 0 ? random.Next(1, 8) : random.Next(1, 4000));
            yield return new ReadOnlySequence<byte>(bytes[..length]);
            bytes = bytes[length..];
        }
    }
}
