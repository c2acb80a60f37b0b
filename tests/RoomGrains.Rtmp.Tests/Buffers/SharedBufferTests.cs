using RoomGrains.Rtmp.Buffers;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Buffers;

public class SharedBufferTests(ITestOutputHelper output)
{
    /// <summary>Of a size that the pool does not keep: nobody else can have it by now.</summary>
    private const int TooLargeToKeep = 5 * 1024 * 1024;

    [Fact]
    public void A_use_after_the_last_reference_throws()
    {
        var buffer = SharedBuffer.Rent(TooLargeToKeep);
        buffer.AddReference();
        buffer.Release();
        Assert.Equal(0, buffer.Span.Length);
        buffer.Release();
        Assert.Throws<ObjectDisposedException>(() => buffer.Memory);
        Assert.Throws<ObjectDisposedException>(buffer.AddReference);
        Assert.Throws<ObjectDisposedException>(buffer.Release);
    }

    [Fact]
    public void It_grows_by_doubling_up_to_its_limit()
    {
        var buffer = SharedBuffer.Rent(10);
        var bytes = Enumerable.Range(0, 100_000).Select(i => (byte)(i * 7)).ToArray();
        foreach (var part in bytes.Chunk(999))
            buffer.Append(part, bytes.Length);
        Assert.Equal(bytes, buffer.Span);
        Assert.InRange(buffer.Capacity, bytes.Length, 2 * bytes.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Append([1], bytes.Length));
        buffer.Release();
    }

    /// <summary>Each writes its own mark, lets others run, and finds its mark: whatever the pool does, nobody has another's bytes.</summary>
    [Fact]
    public async Task Nobody_is_given_what_another_holds()
    {
        var seed = Seed.Next(output);
        await Task.WhenAll(Enumerable.Range(1, 8).Select(worker => Task.Run(async () =>
        {
            var random = new Random(seed + worker);
            var held = new Queue<(SharedBuffer Buffer, byte Mark)>();
            for (var i = 0; i < 5000; i++)
            {
                var mark = (byte)random.Next(256);
                var length = 1 + random.Next(random.Next(8) == 0 ? 100_000 : 300);
                var buffer = SharedBuffer.Rent(length);
                Assert.Equal(0, buffer.Length);
                buffer.Append(Enumerable.Repeat(mark, length).ToArray(), length);
                held.Enqueue((buffer, mark));
                if (random.Next(50) == 0)
                    await Task.Yield();
                // A bulk goes back at once, as at the end of a GOP.
                if (held.Count > 100)
                    while (held.TryDequeue(out var entry))
                        Check(entry);
            }
            while (held.TryDequeue(out var entry))
                Check(entry);
        })));

        static void Check((SharedBuffer Buffer, byte Mark) entry)
        {
            Assert.Equal(-1, entry.Buffer.Span.IndexOfAnyExcept(entry.Mark));
            entry.Buffer.Release();
        }
    }
}
