using System.Buffers;
using System.Buffers.Binary;
using RoomGrains.Rtmp.Buffers;

namespace RoomGrains.Rtmp.Amf;

/// <summary>
/// Builds the payload of one message, no longer than a message can be. What a peer sent as references may be far longer when it is
/// written out, so the cap is the writer's, not the caller's.
/// </summary>
internal sealed class PayloadWriter(int maxLength = PayloadWriter.MaxLength) : IBufferWriter<byte>, IDisposable
{
    /// <summary>The 24 bits of a message's length (RTMP 1.0 §5.3.1.2.1).</summary>
    public const int MaxLength = 0xFFFFFF;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(512);

    public int Length { get; private set; }

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(Length);
    }

    /// <summary>Writes a field that was left out because it was not known then: a length.</summary>
    public void PatchUInt32(int position, uint value) => BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(position, 4), value);

    public SharedBuffer ToBuffer() => Length == 0 ? SharedBuffer.Empty : SharedBuffer.CopyOf(_bytes.AsSpan(0, Length));

    public byte[] ToArray() => _bytes.AsSpan(0, Length).ToArray();

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    private void Reserve(int size)
    {
        var needed = (long)Length + Math.Max(size, 1);
        if (needed > maxLength)
            Throw.PayloadTooLong(maxLength);
        if (needed <= _bytes.Length)
            return;
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(needed, Math.Min(_bytes.Length * 2L, maxLength)));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
