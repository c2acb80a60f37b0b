using System.Collections.Immutable;
using System.Security.Cryptography;

namespace RoomGrains.Grains.Objects;

/// <summary>
/// Who follows a shared object, and what they have not been told yet. What is done within <see cref="Pause"/> goes to each node in one call,
/// however many of its members are subscribed; nobody waits for it.
/// </summary>
/// <remarks>A grain's turns call it, and what it does later is a turn of the same grain.</remarks>
internal sealed class SharedObjectFeed(SharedObjectKey key, TimeProvider clock)
{
    /// <summary>
    /// Between two updates. What comes alone is told at once; of a room in which 75 people talk at a time the nodes, and all their clients, are told 50
    /// times a second. Half a frame of video: nobody sees it.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Changes in one update: what waits for a client that reads slowly is cut into messages.</summary>
    private const int MaxChanges = 64;

    private readonly Dictionary<string, Follower> _followers = new(StringComparer.Ordinal);
    private readonly List<SharedObjectBatch> _waiting = [];
    private readonly long _epoch = NewEpoch();
    private long _sequence;
    private int _changes;
    private bool _pausing;

    /// <summary>Whether nobody follows it.</summary>
    public bool IsEmpty => _followers.Count == 0;

    /// <summary>Where it stands for who begins to follow now: what waits is told before.</summary>
    public SharedObjectStamp Stamp()
    {
        Push();
        return new SharedObjectStamp(_epoch, _sequence);
    }

    /// <summary>A node follows, or goes on to.</summary>
    /// <returns>Where the object stands.</returns>
    public SharedObjectStamp Follow(SharedObjectUse use)
    {
        var stamp = Stamp();
        if ((use.Observer ?? _followers.GetValueOrDefault(use.Node)?.Observer) is { } observer)
            _followers[use.Node] = new Follower(observer, clock.GetUtcNow());
        return stamp;
    }

    public void Leave(string node) => _followers.Remove(node);

    /// <summary>Forgets the nodes that have not renewed.</summary>
    public void Expire()
    {
        var now = clock.GetUtcNow();
        foreach (var (node, follower) in _followers)
            if (now - follower.At >= SharedObjectLease.Time)
                _followers.Remove(node);
    }

    /// <summary>Tells the nodes what was done: now, or with what else is done soon.</summary>
    public void Tell(SharedObjectBatch batch)
    {
        if (batch.Changes.IsEmpty || IsEmpty)
            return;
        _waiting.Add(batch);
        _changes += batch.Changes.Length;
        if (_changes >= MaxChanges)
        {
            Push();
        }
        else if (!_pausing)
        {
            _pausing = true;
            Push();
            PushLater().Ignore();
        }
    }

    private async Task PushLater()
    {
        // The pause is for the CPU of nodes and clients: it is not of the clock by which leases go.
        do
            await Task.Delay(Pause, TimeProvider.System, CancellationToken.None);
        while (Push());
        _pausing = false;
    }

    /// <summary>Tells what waits. False when nothing does.</summary>
    private bool Push()
    {
        if (_waiting.Count == 0)
            return false;
        var update = new SharedObjectUpdate(key, new SharedObjectStamp(_epoch, ++_sequence), [.. _waiting]);
        _waiting.Clear();
        _changes = 0;
        foreach (var follower in _followers.Values)
            follower.Observer.SharedObject(update).Ignore();
        return true;
    }

    /// <summary>Another one than any before: also where an object is emptied and filled again at once, or comes up on another silo.</summary>
    private static long NewEpoch() => BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    private sealed record Follower(INodeObserver Observer, DateTimeOffset At);
}
