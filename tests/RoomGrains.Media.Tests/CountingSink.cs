using RoomGrains.Rtmp.Chunks;

namespace RoomGrains.Media.Tests;

/// <summary>A player that holds the last message only and allocates nothing.</summary>
internal sealed class CountingSink : IPlayerSink, IDisposable
{
    public OutgoingMessage? Last { get; private set; }

    public long Count { get; private set; }

    public Action? OnEnqueue { get; init; }

    public Action? OnFlush { get; init; }

    public Backlog Backlog => default;

    public void Enqueue(OutgoingMessage message)
    {
        Last?.Release();
        Last = message.AddReference();
        Count++;
        OnEnqueue?.Invoke();
    }

    public void Flush() => OnFlush?.Invoke();

    public void Notify(PlayerNotice notice)
    {
    }

    public void Dispose()
    {
        Last?.Release();
        Last = null;
    }
}
