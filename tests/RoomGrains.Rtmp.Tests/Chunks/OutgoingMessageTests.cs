using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Tests.Chunks;

public class OutgoingMessageTests
{
    public static TheoryData<int> ChunkSizes => [1, 2, 127, 128, 4096, 60000];

    [Theory, MemberData(nameof(ChunkSizes))]
    public void What_it_writes_is_read_back(int chunkSize)
    {
        foreach (var timestamp in (uint[])[0, 1, 0xFFFFFE, 0xFFFFFF, 0x1000000, uint.MaxValue])
        {
            foreach (var length in (int[])[0, 1, 2, 127, 128, 129, 4096, 8193, 70000])
            {
                var bytes = new byte[length];
                new Random(length).NextBytes(bytes);
                var payload = SharedBuffer.CopyOf(bytes);
                var message = OutgoingMessage.Encode(MessageType.Video, timestamp, payload, chunkStreamId: 6, chunkSize);
                payload.Release();

                byte[] wire = [.. Wire.Bytes(ControlMessages.SetChunkSize(chunkSize)), .. Wire.Bytes(message, 0x01020304)];

                Assert.Equal([new(MessageType.Video, timestamp, 0x01020304, Convert.ToHexString(bytes))], Wire.Read(wire));
                Assert.Equal(wire.Length - 16, message.WireLength);
                message.Release();
            }
        }
    }

    [Fact]
    public void A_payload_that_fits_one_chunk_is_shared_and_not_copied()
    {
        var payload = SharedBuffer.CopyOf(new byte[128]);
        var message = OutgoingMessage.Encode(MessageType.Audio, 0, payload, 4, chunkSize: 128);
        Assert.Same(payload.Segment.Array, message.Body.Array);

        payload.Release();
        Assert.Equal(128, message.Body.Count);
        message.Release();
    }

    [Fact]
    public void The_extended_timestamp_is_repeated_in_every_chunk()
    {
        var payload = SharedBuffer.CopyOf([1, 2, 3]);
        var message = OutgoingMessage.Encode(MessageType.Audio, 0x01000000, payload, 4, chunkSize: 2);
        Assert.Equal(Wire.Hex("04 FFFFFF 000003 08 05000000 01000000 0102 C4 01000000 03"), Wire.Bytes(message, 5));
    }
}
