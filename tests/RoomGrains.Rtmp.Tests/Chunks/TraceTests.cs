using System.Buffers;
using System.Text;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Chunks;

public class TraceTests(ITestOutputHelper output)
{
    public static TheoryData<string> Clients => [.. Trace.All.Select(t => t.Client)];

    [Theory, MemberData(nameof(Clients))]
    public void What_a_real_client_sends_is_understood(string client)
    {
        var trace = Trace.All.Single(t => t.Client == client);
        var random = new Random(Seed.Next(output));
        var deliveries = Enumerable.Range(0, 50).Select(_ => ChunkWriterTests.Pieces(trace.Bytes, random))
            .Prepend([.. trace.Bytes.Select(b => new ReadOnlySequence<byte>([b]))])
            .Prepend([new ReadOnlySequence<byte>(trace.Bytes)]);
        foreach (var delivery in deliveries)
        {
            using var reader = new ChunkReader(ChunkReaderLimits.AfterAccept);
            Assert.Equal(trace.Messages, Wire.Read(reader, delivery).Select(Describe));
            Assert.Equal(0, reader.BytesInAssembly);
        }
    }

    [Fact]
    public void A_client_gets_as_far_as_publish_within_the_limits_of_a_pending_connection()
    {
        foreach (var trace in Trace.All)
        {
            using var reader = new ChunkReader(ChunkReaderLimits.BeforeAccept);
            Assert.Equal(trace.Messages, Wire.Read(reader, [new ReadOnlySequence<byte>(trace.Bytes)]).Select(Describe));
        }
    }

    // Commands and data begin with a string: marker 2, u16 length, UTF-8.
    private static string Describe(Received message)
    {
        var payload = Convert.FromHexString(message.Payload);
        var name = message.Payload.StartsWith("02", StringComparison.Ordinal) && message.Type >= Rtmp.Messages.MessageType.DataAmf3
            ? " " + Encoding.UTF8.GetString(payload, 3, payload[2])
            : "";
        return $"{message.Type}On{message.StreamId}At{message.Timestamp}{name}";
    }
}
