using System.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Tests.Chunks;

public class AllocationTests
{
    // FFmpeg without our Set Chunk Size cuts a frame of 100 KB into 800 chunks. A single object for each would be 19 KB a message.
    [Fact]
    public void Reading_media_allocates_nothing_for_a_chunk()
    {
        const int Messages = 50;
        var (writer, bytes) = (new ChunkWriter(), new ArrayBufferWriter<byte>());
        writer.Write(bytes, MessageType.Video, 0, 1, new byte[100_000], 6);
        using var reader = new ChunkReader(ChunkReaderLimits.AfterAccept);

        // The least of some rounds: another test's collection may empty the pool in one of them.
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < Messages; i++)
            {
                var input = new ReadOnlySequence<byte>(bytes.WrittenMemory);
                while (reader.TryRead(ref input, out var message))
                    message.Release();
            }
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.True(least <= Messages * 128, $"{least / Messages} bytes a message");
    }
}
