using System.Buffers;
using System.Globalization;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Chunks;

/// <summary>A message as a test compares it.</summary>
public sealed record Received(MessageType Type, uint Timestamp, uint StreamId, string Payload)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Type} at {Timestamp} on {StreamId}: {Payload}");
}

/// <summary>Bytes in, messages out, delivered in every way in which a socket may deliver them.</summary>
public static class Wire
{
    /// <summary>Limits that no test reaches by accident.</summary>
    public static ChunkReaderLimits Wide { get; } = ChunkReaderLimits.AfterAccept with { MaxMessageLength = 1 << 20 };

    /// <summary>Hexadecimal with spaces.</summary>
    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>All the ways to deliver: as segments of one sequence, in two deliveries cut anywhere, and byte by byte.</summary>
    public static IEnumerable<IReadOnlyList<ReadOnlySequence<byte>>> Deliveries(byte[] bytes)
    {
        foreach (var sequence in Splits.Every(bytes))
            yield return [sequence];
        for (var at = 1; at < bytes.Length; at++)
            yield return [new(bytes, 0, at), new(bytes, at, bytes.Length - at)];
        yield return [.. Enumerable.Range(0, bytes.Length).Select(i => new ReadOnlySequence<byte>(bytes, i, 1))];
    }

    /// <summary>Reads what these bytes hold, in one delivery.</summary>
    public static List<Received> Read(ReadOnlySpan<byte> bytes, ChunkReaderLimits? limits = null)
    {
        using var reader = new ChunkReader(limits ?? Wide);
        return Read(reader, [new ReadOnlySequence<byte>(bytes.ToArray())]);
    }

    /// <summary>Reads what comes in these deliveries; what the reader leaves of one stands before the next, as in a pipe.</summary>
    public static List<Received> Read(ChunkReader reader, IEnumerable<ReadOnlySequence<byte>> deliveries)
    {
        var messages = new List<Received>();
        var left = ReadOnlySequence<byte>.Empty;
        foreach (var delivery in deliveries)
        {
            var input = left.IsEmpty ? delivery : Splits.Join(left.ToArray(), delivery.ToArray());
            while (reader.TryRead(ref input, out var message))
            {
                messages.Add(new(message.Type, message.Timestamp, message.StreamId, Convert.ToHexString(message.Payload.Span)));
                message.Release();
            }
            left = input;
        }
        return messages;
    }

    /// <summary>The bytes of a message as they go to one receiver.</summary>
    public static byte[] Bytes(OutgoingMessage message, uint streamId = 0)
    {
        var header = new byte[OutgoingMessage.MaxHeaderLength];
        var length = message.WriteHeader(header, streamId);
        return [.. header.AsSpan(0, length), .. message.Body];
    }
}
