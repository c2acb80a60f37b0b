namespace RoomGrains.Rtmp.Buffers;

/// <summary>
/// Pooled bytes with a reference count: a message is received into one of these, and every player's queue holds a reference to the
/// same bytes. The buffer goes back to the pool with the last reference; a use after that is a bug, and throws until it is rented again.
/// </summary>
public sealed class SharedBuffer
{
    private byte[] _array;
    private int _references = 1;

    private SharedBuffer(byte[] array) => _array = array;

    /// <summary>No bytes. References to it are not counted.</summary>
    public static SharedBuffer Empty { get; } = new([]) { _references = int.MaxValue / 2 };

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

    private byte[] Array => _references > 0 ? _array : throw new ObjectDisposedException(nameof(SharedBuffer));

    /// <summary>A buffer with room for <paramref name="capacity"/> bytes and none in use. The caller holds the one reference.</summary>
    public static SharedBuffer Rent(int capacity)
    {
        if (SharedBufferPool.Take(capacity) is not { } buffer)
            return new SharedBuffer(GC.AllocateUninitializedArray<byte>(SharedBufferPool.RoundUp(capacity)));
        (buffer.Length, buffer._references) = (0, 1);
        return buffer;
    }

    /// <summary>A buffer with a copy of these bytes. The caller holds the one reference.</summary>
    public static SharedBuffer CopyOf(ReadOnlySpan<byte> bytes)
    {
        var buffer = Rent(bytes.Length);
        bytes.CopyTo(buffer.Array);
        buffer.Length = bytes.Length;
        return buffer;
    }

    /// <summary>Appends bytes; the room for them grows by doubling, never past <paramref name="limit"/>. Only for the sole owner: others may be sending the bytes.</summary>
    /// <exception cref="InvalidOperationException">There is more than one reference.</exception>
    public void Append(ReadOnlySpan<byte> bytes, int limit)
    {
        if (IsShared)
            throw new InvalidOperationException("Bytes that are shared do not change.");
        var needed = checked(Length + bytes.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(needed, limit);
        if (needed > Capacity)
        {
            var larger = Rent(Math.Min(limit, Math.Max(needed, Capacity * 2)));
            Span.CopyTo(larger._array);
            (_array, larger._array) = (larger._array, _array);
            larger.Release();
        }
        bytes.CopyTo(Array.AsSpan(Length));
        Length = needed;
    }

    /// <summary>Whether there is more than one reference: somebody else still uses the bytes.</summary>
    public bool IsShared => Volatile.Read(ref _references) > 1;

    /// <summary>Takes one more reference.</summary>
    public SharedBuffer AddReference()
    {
        ObjectDisposedException.ThrowIf(_references <= 0, this);
        if (!ReferenceEquals(this, Empty))
            Interlocked.Increment(ref _references);
        return this;
    }

    /// <summary>Gives a reference back; the last one returns the buffer to the pool.</summary>
    public void Release()
    {
        if (ReferenceEquals(this, Empty))
            return;
        var left = Interlocked.Decrement(ref _references);
        ObjectDisposedException.ThrowIf(left < 0, this);
        if (left == 0)
            SharedBufferPool.Give(this, _array.Length);
    }
}
