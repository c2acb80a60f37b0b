using System.Buffers;

namespace RoomGrains.Testing;

/// <summary>Bytes in pieces: what a socket may deliver. Most faults of a parser on sequences show at some split.</summary>
public static class Splits
{
    /// <summary>The sequence in two segments, for every place to cut, and once with every byte in a segment of its own.</summary>
    public static IEnumerable<ReadOnlySequence<byte>> Every(ReadOnlyMemory<byte> bytes)
    {
        yield return new ReadOnlySequence<byte>(bytes);
        for (var at = 1; at < bytes.Length; at++)
            yield return Join(bytes[..at], bytes[at..]);
        yield return Join([.. Enumerable.Range(0, bytes.Length).Select(i => bytes.Slice(i, 1))]);
    }

    /// <summary>One sequence of these segments.</summary>
    public static ReadOnlySequence<byte> Join(params ReadOnlyMemory<byte>[] parts)
    {
        if (parts.Length == 0)
            return ReadOnlySequence<byte>.Empty;
        var first = new Segment(parts[0], 0);
        var last = first;
        foreach (var part in parts.Skip(1))
            last = last.Follow(part);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public Segment Follow(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
