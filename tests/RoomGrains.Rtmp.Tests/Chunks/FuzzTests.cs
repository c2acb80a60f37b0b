using System.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Handshakes;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Chunks;

/// <summary>
/// Whatever comes, the reader makes messages of it, asks for more, or ends with a <see cref="RtmpProtocolException"/>; it stays within
/// its limits, and with enough bytes in front of it, it gets on.
/// </summary>
public class FuzzTests(ITestOutputHelper output)
{
    private const int Rounds = 20_000;

    // The most bytes that a reader may leave unread: a header but for its last byte.
    private const int LongestRest = 3 + 11 + 4 - 1;

    [Fact]
    public void Random_bytes()
    {
        var random = new Random(Seed.Next(output));
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = new byte[random.Next(400)];
            random.NextBytes(bytes);
            Feed(bytes, random);
        }
    }

    [Fact]
    public void Streams_with_faults()
    {
        var random = new Random(Seed.Next(output));
        var outcomes = new Dictionary<ProtocolError, int>();
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = Mutated(random);
            if (Feed(bytes, random) is { } error)
                outcomes[error] = outcomes.GetValueOrDefault(error) + 1;
        }
        output.WriteLine(string.Join(", ", outcomes.OrderBy(o => o.Key).Select(o => $"{o.Key} {o.Value}")));
        // A loop that reaches only one kind of fault tests little.
        Assert.True(outcomes.Count >= 5);
    }

    [Fact]
    public void Handshakes_of_random_bytes()
    {
        var random = new Random(Seed.Next(output));
        for (var round = 0; round < 500; round++)
        {
            var bytes = new byte[random.Next(4000)];
            random.NextBytes(bytes);
            if (random.Next(4) != 0 && bytes.Length > 0)
                bytes[0] = 3;
            var (server, client, written) = (new ServerHandshake(), new ClientHandshake((HandshakeForm)random.Next(3)), new ArrayBufferWriter<byte>());
            foreach (var attempt in (Action[])[
                () => { var input = new ReadOnlySequence<byte>(bytes); server.TryAdvance(ref input, written); },
                () => { var input = new ReadOnlySequence<byte>(bytes); client.TryAdvance(ref input, written); }])
            {
                _ = Record.Exception(attempt) is { } thrown ? Assert.IsType<RtmpProtocolException>(thrown) : null;
            }
            Assert.True(written.WrittenCount <= 2 * (1 + 2 * 1536));
        }
    }

    internal static ProtocolError? Feed(byte[] bytes, Random random)
    {
        var limits = new ChunkReaderLimits
        {
            MaxMessageLength = 500, MaxAudioLength = 500, MaxVideoLength = 1000, MaxControlLength = 64, MaxChunkStreams = 4, MaxBytesInAssembly = 1500,
        };
        using var reader = new ChunkReader(limits);
        var left = ReadOnlySequence<byte>.Empty;
        try
        {
            foreach (var piece in ChunkWriterTests.Pieces(bytes, random))
            {
                left = Splits.Join(left.ToArray(), piece.ToArray());
                for (var before = left.Length; reader.TryRead(ref left, out var message); before = left.Length)
                {
                    Assert.True(left.Length < before, "a message out of nothing");
                    Assert.InRange(message.Payload.Length, 0, 1000);
                    if (message.Type == MessageType.Aggregate)
                        ReadAggregate(message);
                    _ = UserControlEvent.TryParse(message.Payload.Span, out _);
                    message.Release();
                }
                Assert.InRange(left.Length, 0, LongestRest);
                Assert.InRange(reader.BytesInAssembly, 0, limits.MaxBytesInAssembly);
                Assert.InRange(reader.ChunkSize, 1, ChunkReader.MaxChunkSize);
            }
            return null;
        }
        catch (RtmpProtocolException exception)
        {
            Assert.InRange(reader.BytesInAssembly, 0, limits.MaxBytesInAssembly);
            return exception.Error;
        }
    }

    private static void ReadAggregate(RtmpMessage aggregate)
    {
        var parts = new AggregateReader(aggregate);
        while (parts.TryRead(out var part))
            part.Release();
    }

    // Some cases of the table one after the other, then bits flipped, bytes set, dropped, doubled.
    private static byte[] Mutated(Random random)
    {
        var bytes = Enumerable.Range(0, random.Next(1, 4)).SelectMany(_ => ChunkCases.All[random.Next(ChunkCases.All.Count)].Bytes).ToList();
        for (var faults = random.Next(4); faults > 0 && bytes.Count > 1; faults--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, random.Next(1, Math.Min(20, bytes.Count - at) + 1)); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(at, random.Next(1, Math.Min(20, bytes.Count - at) + 1))); break;
                default: bytes[at] = random.Next(2) == 0 ? (byte)0 : (byte)0xFF; break;
            }
        }
        return [.. bytes];
    }
}
