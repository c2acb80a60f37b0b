using System.Runtime.InteropServices;
using RoomGrains.Rtmp.Buffers;

namespace RoomGrains.Rtmp.Chunks;

/// <summary>
/// Messages that leave together, for any number of receivers. Receivers differ only in the message stream id, and most players have the
/// same: the bytes are put together once for each id, and then every receiver of that id is sent the same piece of memory in one write.
/// Not for several threads.
/// </summary>
public sealed class MessageBatch
{
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

    /// <summary>The bytes for receivers with this stream id. They are the batch's own: who needs them after the next <see cref="Add"/> or <see cref="Clear"/> takes a reference.</summary>
    public SharedBuffer ToWire(uint streamId)
    {
        foreach (var wire in _wires)
        {
            if (wire.StreamId == streamId)
                return wire.Bytes;
        }
        var bytes = SharedBuffer.Rent(WireLength);
        foreach (var message in _messages)
            message.AppendTo(bytes, streamId);
        _wires.Add((streamId, bytes));
        return bytes;
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
