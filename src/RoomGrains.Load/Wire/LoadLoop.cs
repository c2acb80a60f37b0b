using System.Buffers;

namespace RoomGrains.Load.Wire;

/// <summary>
/// The one thread on which all clients live: it waits for sockets, lets publishers send when they are due, and between that the scenario
/// goes on, step by step, in plain sequence. So nothing here needs a lock.
/// </summary>
internal sealed class LoadLoop : IDisposable
{
    // As many as are looked at before publishers get their turn: some 0.5 ms of work, so that a publisher is never late by more for our sake.
    private const int Batch = 64;

    // How long it may take to see that the run is cancelled, or that a step which waits for another thread is done.
    private const int LongestWait = 10;

    private readonly Epoll _epoll = new(Batch);
    private readonly PriorityQueue<Action<long>, long> _timers = new();
    private readonly CancellationToken _cancel;
    private LoadSocket?[] _connections = new LoadSocket?[1024];
    private uint _generation;

    public LoadLoop(CancellationToken cancel) => _cancel = cancel;

    /// <summary>What a socket is read into. The most that one read takes: a GOP of 2 s at 2 Mbit/s is four of them.</summary>
    public byte[] Input { get; } = new byte[128 * 1024];

    /// <summary>Where a connection puts together what it sends next.</summary>
    public ArrayBufferWriter<byte> Output { get; } = new(64 * 1024);

    /// <summary>Whether somebody wants the run to end: every step returns at once.</summary>
    public bool IsCancelled => _cancel.IsCancellationRequested;

    /// <summary>Called about once a second while the loop runs.</summary>
    public Action<long>? EverySecond { get; set; }

    private long _nextSecond;

    /// <summary>Calls an action at a time of <see cref="Clock"/>, once.</summary>
    public void At(long due, Action<long> action) => _timers.Enqueue(action, due);

    /// <summary>Runs until a time.</summary>
    public void Run(TimeSpan span) => RunUntil(Clock.Now + Clock.Ticks(span));

    /// <summary>Runs until <paramref name="done"/> holds, and no longer than to a time.</summary>
    /// <returns>Whether it holds; without a condition, whether the time is over. False when the run is cancelled.</returns>
    public bool RunUntil(long deadline, Func<bool>? done = null)
    {
        while (true)
        {
            if (IsCancelled)
                return false;
            if (done?.Invoke() == true)
                return true;
            var now = RunTimers();
            if (now >= deadline)
                return done is null;
            Poll(now, deadline);
        }
    }

    /// <summary>Takes up a socket.</summary>
    /// <returns>The key by which it is known.</returns>
    public ulong Add(int socket, LoadSocket connection, uint events)
    {
        if (socket >= _connections.Length)
            Array.Resize(ref _connections, Math.Max(socket + 1, _connections.Length * 2));
        _connections[socket] = connection;
        // A descriptor is used again at once. What was polled of the one before must not be taken for the new one's.
        var key = ((ulong)++_generation << 32) | (uint)socket;
        _epoll.Watch(socket, events, key);
        return key;
    }

    public void Change(int socket, ulong key, uint events) => _epoll.Change(socket, events, key);

    public void Remove(int socket)
    {
        _connections[socket] = null;
        _epoll.Forget(socket);
    }

    public void Dispose()
    {
        foreach (var connection in _connections)
            connection?.Close();
        _epoll.Dispose();
    }

    private long RunTimers()
    {
        var now = Clock.Now;
        if (now >= _nextSecond)
        {
            _nextSecond = now + Clock.Second;
            EverySecond?.Invoke(now);
        }
        while (_timers.TryPeek(out var action, out var due) && due <= now)
        {
            _timers.Dequeue();
            action(now);
            now = Clock.Now;
        }
        return now;
    }

    private void Poll(long now, long deadline)
    {
        if (_timers.TryPeek(out _, out var due))
            deadline = Math.Min(deadline, due);
        var wait = (int)Math.Clamp((deadline - now + Clock.Millisecond - 1) / Clock.Millisecond, 0, LongestWait);
        var count = _epoll.Wait(wait);
        for (var i = 0; i < count; i++)
        {
            var (events, key) = _epoll[i];
            if (_connections[(int)(uint)key] is { } connection && connection.Key == key)
                connection.OnReady(events);
        }
    }
}
