using System.Numerics;

namespace RoomGrains.Rtmp.Buffers;

/// <summary>
/// Buffers that nobody holds, with their bytes, by size. Frames are held as long as a GOP, some seconds: what is allocated for each of them
/// survives the young generations, and 54 000 messages a second of 1500 publishers cost a collection of 60 ms every second. The array pool of the
/// framework keeps 32 arrays of a size for each core, and the end of one GOP gives back more than that at once.
/// </summary>
internal static class SharedBufferPool
{
    private const int LeastSize = 64;

    /// <summary>Larger than a key frame of 4K video.</summary>
    private const int LargestSize = 4 * 1024 * 1024;

    /// <summary>Bytes kept for each size: the frames of some seconds of a few large streams, or of a GOP of many small ones.</summary>
    private const int BytesPerSize = 2 * 1024 * 1024;

    /// <summary>Of the small sizes: more buffers than this are not worth their objects.</summary>
    private const int MostPerSize = 8192;

    private const int LeastPerSize = 4;

    private static readonly Shelf[] Shelves =
        [.. Enumerable.Range(0, Index(LargestSize) + 1).Select(i => new Shelf(Math.Clamp(BytesPerSize / (LeastSize << i), LeastPerSize, MostPerSize)))];

    /// <summary>A buffer with room for so many bytes; null when there is none.</summary>
    public static SharedBuffer? Take(int capacity) => capacity <= LargestSize ? Shelves[Index(capacity)].Take() : null;

    /// <summary>The room that a new buffer should have, so that it can be kept later.</summary>
    public static int RoundUp(int capacity) => capacity <= LargestSize ? LeastSize << Index(capacity) : capacity;

    /// <summary>Keeps a buffer, if there is a place for it.</summary>
    public static void Give(SharedBuffer buffer, int capacity)
    {
        if (capacity <= LargestSize)
            Shelves[Index(capacity)].Give(buffer);
    }

    private static int Index(int capacity) => BitOperations.Log2((uint)(Math.Max(capacity, LeastSize) - 1)) + 1 - BitOperations.Log2(LeastSize);

    /// <summary>The last that was given is the first that is taken: its bytes are still in the processor's cache.</summary>
    private sealed class Shelf(int places)
    {
        private readonly Lock _gate = new();
        private readonly List<SharedBuffer> _buffers = [];

        // Who finds the shelf in use does not wait for it: a new buffer costs less than a thread that sleeps.
        public SharedBuffer? Take()
        {
            if (!_gate.TryEnter())
                return null;
            try
            {
                if (_buffers.Count == 0)
                    return null;
                var buffer = _buffers[^1];
                _buffers.RemoveAt(_buffers.Count - 1);
                return buffer;
            }
            finally
            {
                _gate.Exit();
            }
        }

        public void Give(SharedBuffer buffer)
        {
            if (!_gate.TryEnter())
                return;
            try
            {
                if (_buffers.Count < places)
                    _buffers.Add(buffer);
            }
            finally
            {
                _gate.Exit();
            }
        }
    }
}
