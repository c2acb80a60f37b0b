using RoomGrains.Rtmp.Chunks;

namespace RoomGrains.Media.Tests;

/// <summary>A player that holds the last message only and allocates nothing.</summary>
internal sealed class CountingSink : IPlayerSink, IDisposable
{
    public OutgoingMessage? Last { get; private set; }

    public long Count { get; private set; }

    public Backlog Backlog => default;

    /// <summary>Whether something waits, as far as the hub knows: then messages come one by one.</summary>
    public bool IsBusy { get; init; }

    public void Enqueue(MessageBatch batch)
    {
        foreach (var message in batch.Messages)
            Enqueue(message);
    }

    public bool TrySend(MessageBatch batch)
    {
        if (IsBusy)
            return false;
        Enqueue(batch);
        return batch.TryGetWire(1, out var bytes) && bytes.Length == batch.WireLength;
    }

    public void Enqueue(OutgoingMessage message)
    {
        Last?.Release();
        Last = message.AddReference();
        Count++;
    }

    public void Flush()
    {
    }

    public void Notify(PlayerNotice notice)
    {
    }

    public void Dispose()
    {
        Last?.Release();
        Last = null;
    }
}
