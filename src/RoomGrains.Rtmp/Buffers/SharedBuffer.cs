using System.Buffers;

namespace RoomGrains.Rtmp.Buffers;

/// <summary>
/// Pooled bytes with a reference count: a message is received into one of these, and every player's queue holds a reference to the
/// same bytes. The bytes go back to the pool with the last reference; a use after that is a bug, and throws.
/// </summary>
public sealed class SharedBuffer
{
    private byte[]? _array;
    private int _references = 1;

    private SharedBuffer(byte[] array, int length) => (_array, Length) = (array, length);

    /// <summary>No bytes. References to it are not counted.</summary>
    public static SharedBuffer Empty { get; } = new([], 0) { _references = int.MaxValue / 2 };

    /// <summary>The number of bytes in use.</summary>
    public int Length { get; private set; }

    /// <summary>The number of bytes there is room for.</summary>
    public int Capacity => Array.Length;

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => Array.AsSpan(0, Length);

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Memory => Array.AsMemory(0, Length);

    /// <summary>The bytes, in the form that a gathered socket write takes.</summary>
    public ArraySegment<byte> Segment => new(Array, 0, Length);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(SharedBuffer));

    /// <summary>A buffer with room for <paramref name="capacity"/> bytes and none in use. The caller holds the one reference.</summary>
    public static SharedBuffer Rent(int capacity) => new(ArrayPool<byte>.Shared.Rent(capacity), 0);

    /// <summary>A buffer with a copy of these bytes. The caller holds the one reference.</summary>
    public static SharedBuffer CopyOf(ReadOnlySpan<byte> bytes)
    {
        var buffer = Rent(bytes.Length);
        bytes.CopyTo(buffer.Array);
        buffer.Length = bytes.Length;
        return buffer;
    }

    /// <summary>Appends bytes; the room for them grows by doubling, never past <paramref name="limit"/>. Only for the sole owner.</summary>
    public void Append(ReadOnlySpan<byte> bytes, int limit)
    {
        var needed = checked(Length + bytes.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(needed, limit);
        if (needed > Capacity)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(limit, Math.Max(needed, Capacity * 2)));
            Span.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(Array);
            _array = larger;
        }
        bytes.CopyTo(Array.AsSpan(Length));
        Length = needed;
    }

    /// <summary>Takes one more reference.</summary>
    public SharedBuffer AddReference()
    {
        ObjectDisposedException.ThrowIf(_array is null, this);
        if (!ReferenceEquals(this, Empty))
            Interlocked.Increment(ref _references);
        return this;
    }

    /// <summary>Gives a reference back; the last one returns the bytes to the pool.</summary>
    public void Release()
    {
        if (ReferenceEquals(this, Empty))
            return;
        var left = Interlocked.Decrement(ref _references);
        ObjectDisposedException.ThrowIf(left < 0, this);
        if (left == 0)
        {
            ArrayPool<byte>.Shared.Return(Array);
            _array = null;
        }
    }
}
