using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using RoomGrains.Rtmp.Buffers;

namespace RoomGrains.Rtmp.Chunks;

/// <summary>
/// Messages that leave together, for any number of receivers. Receivers differ only in the message stream id, and most players have the
/// same: the bytes are put together once for each of the first ids that are asked for, and then every receiver of that id is sent the same piece
/// of memory in one write. Not for several threads.
/// </summary>
public sealed class MessageBatch
{
    /// <summary>
    /// Ids for which the bytes are put together. A client that makes itself a hundred message streams and plays a stream on each shall not make the
    /// server hold a hundred copies of it.
    /// </summary>
    public const int MaxStreamIds = 4;

    /// <summary>The id of a client's first message stream, which nearly all play on. Others never take its place.</summary>
    private const uint UsualStreamId = 1;

    private readonly List<OutgoingMessage> _messages = [];
    private readonly List<(uint StreamId, SharedBuffer Bytes)> _wires = [];

    /// <summary>The messages, in their order.</summary>
    public ReadOnlySpan<OutgoingMessage> Messages => CollectionsMarshal.AsSpan(_messages);

    /// <summary>Bytes on the wire, headers included.</summary>
    public int WireLength { get; private set; }

    /// <summary>Adds a message, and takes the caller's reference to it.</summary>
    public void Add(OutgoingMessage message)
    {
        _messages.Add(message);
        WireLength += message.WireLength;
        DropWires();
    }

    /// <summary>The bytes for receivers with this stream id; false when there are such for <see cref="MaxStreamIds"/> others: then the messages are sent one by one.</summary>
    /// <param name="streamId">The message stream id.</param>
    /// <param name="bytes">The batch's own: who needs them after the next <see cref="Add"/> or <see cref="Clear"/> takes a reference.</param>
    public bool TryGetWire(uint streamId, [NotNullWhen(true)] out SharedBuffer? bytes)
    {
        foreach (var wire in _wires)
        {
            if (wire.StreamId == streamId)
            {
                bytes = wire.Bytes;
                return true;
            }
        }
        if (_wires.Count >= MaxStreamIds && streamId != UsualStreamId)
        {
            bytes = null;
            return false;
        }
        bytes = SharedBuffer.Rent(WireLength);
        foreach (var message in _messages)
            message.AppendTo(bytes, streamId);
        _wires.Add((streamId, bytes));
        return true;
    }

    /// <summary>Gives all references back.</summary>
    public void Clear()
    {
        foreach (var message in _messages)
            message.Release();
        _messages.Clear();
        WireLength = 0;
        DropWires();
    }

    private void DropWires()
    {
        foreach (var wire in _wires)
            wire.Bytes.Release();
        _wires.Clear();
    }
}
