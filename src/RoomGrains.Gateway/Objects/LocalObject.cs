using RoomGrains.Gateway.Connections;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.SharedObjects;

namespace RoomGrains.Gateway.Objects;

/// <summary>
/// A shared object as this node follows it, and who of its clients does. Updates are told in their order, each encoded once for all who did not
/// make it; one that is missing is waited for, and where it does not come the whole is asked for. Any thread.
/// </summary>
internal sealed class LocalObject(SharedObjectKey key, int chunkSize, GatewayMetrics metrics)
{
    /// <summary>Updates that wait for a missing one. With more, the whole is asked for at once.</summary>
    private const int MaxHeld = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<ConnectionId, Subscriber> _subscribers = [];
    private readonly SortedDictionary<long, SharedObjectUpdate> _held = [];
    private SharedObjectStamp? _told;
    private long _known;
    private bool _wasBehind;
    private bool _stale;

    public SharedObjectKey Key => key;

    /// <summary>Who uses it, or is about to. The registry's lock guards it.</summary>
    public int Users { get; set; }

    /// <summary>When it was last renewed, in ticks of the heartbeat. Only the heartbeat touches it.</summary>
    public int Ticks { get; set; }

    /// <summary>Whether the whole is being asked for. Only the heartbeat and what it starts touch it.</summary>
    public bool Asking { get; set; }

    public long Version { get; private set; }

    public bool Persistent { get; private set; }

    /// <summary>A client uses it: it is told all of it.</summary>
    /// <param name="client">Who.</param>
    /// <param name="proxied">See <see cref="SharedObjectMessage.IsProxied"/>.</param>
    /// <param name="output">Where it is told.</param>
    /// <param name="contents">What the object is.</param>
    public void Join(ConnectionId client, bool proxied, Outbox output, SharedObjectContents contents)
    {
        lock (_gate)
        {
            if (_told is not null && _told.Epoch != contents.Stamp.Epoch)
                TellWhole(contents);
            _told ??= contents.Stamp;
            (Version, Persistent) = (contents.Version, contents.Persistent);
            var subscriber = new Subscriber(output, proxied, contents.Stamp.Sequence);
            _subscribers[client] = subscriber;
            Send(ObjectMessages.Whole(key.Name, contents, used: true), [subscriber]);
            DrainHeld();
        }
    }

    /// <summary>Whether it was used by this client.</summary>
    public bool Leave(ConnectionId client)
    {
        lock (_gate)
            return _subscribers.Remove(client);
    }

    /// <summary>Something was done.</summary>
    public void Apply(SharedObjectUpdate update)
    {
        lock (_gate)
        {
            if (_told is not null && _told.Epoch != update.Stamp.Epoch)
            {
                _stale = true;
                return;
            }
            if (_told is not null && update.Stamp.Sequence <= _told.Sequence)
                return;
            _held[update.Stamp.Sequence] = update;
            _known = Math.Max(_known, update.Stamp.Sequence);
            _stale |= _held.Count > MaxHeld;
            DrainHeld();
        }
    }

    /// <summary>Where the object says it stands.</summary>
    public void Compare(SharedObjectStamp stamp)
    {
        lock (_gate)
        {
            if (_told is null)
                return;
            _stale |= _told.Epoch != stamp.Epoch;
            _known = Math.Max(_known, stamp.Sequence);
        }
    }

    /// <summary>Whether something was missed: what has been missing for a whole beat does not come any more.</summary>
    public bool Beat()
    {
        lock (_gate)
        {
            var behind = _told is not null && _told.Sequence < _known;
            var missed = _stale || (behind && _wasBehind);
            _wasBehind = behind;
            return missed;
        }
    }

    /// <summary>The whole, because something was missed: every client is told all of it.</summary>
    public void Replace(SharedObjectContents contents)
    {
        lock (_gate)
        {
            TellWhole(contents);
            DrainHeld();
        }
    }

    private void TellWhole(SharedObjectContents contents)
    {
        metrics.ObjectResynchronized();
        // What was held of an epoch that is over says nothing any more.
        if (_told is not null && _told.Epoch != contents.Stamp.Epoch)
        {
            _held.Clear();
            _known = contents.Stamp.Sequence;
        }
        (_told, _stale, _wasBehind) = (contents.Stamp, false, false);
        (Version, Persistent) = (contents.Version, contents.Persistent);
        foreach (var subscriber in _subscribers.Values)
            subscriber.From = contents.Stamp.Sequence;
        if (_subscribers.Count > 0)
            Send(ObjectMessages.Whole(key.Name, contents, used: false), [.. _subscribers.Values]);
    }

    /// <summary>Tells the updates that are next.</summary>
    private void DrainHeld()
    {
        while (_told is not null && _held.Count > 0)
        {
            var (sequence, update) = _held.First();
            if (sequence > _told.Sequence + 1)
                return;
            _held.Remove(sequence);
            if (sequence <= _told.Sequence || update.Stamp.Epoch != _told.Epoch)
                continue;
            _told = update.Stamp;
            Version = update.Batches[^1].Version;
            Tell(update);
        }
    }

    private void Tell(SharedObjectUpdate update)
    {
        var others = new List<Subscriber>(_subscribers.Count);
        foreach (var (id, subscriber) in _subscribers)
        {
            if (subscriber.From >= update.Stamp.Sequence)
                continue;
            if (update.Batches.Any(batch => batch.Origin == id && ObjectMessages.IsOwn(batch)))
                Send(ObjectMessages.Changes(update, Persistent, id, subscriber.Proxied), [subscriber]);
            else
                others.Add(subscriber);
        }
        if (others.Count > 0)
            Send(ObjectMessages.Changes(update, Persistent, null), others);
    }

    private void Send(SharedObjectMessage message, IReadOnlyCollection<Subscriber> receivers)
    {
        var outgoing = message.ToOutgoing(chunkSize);
        foreach (var receiver in receivers)
        {
            // As an answer: a client that does not read them is ended, as slow players are dropped.
            receiver.Output.EnqueueOwned(outgoing.AddReference());
            receiver.Output.FlushMedia();
        }
        outgoing.Release();
        metrics.ObjectMessagesSent(receivers.Count);
    }

    private sealed class Subscriber(Outbox output, bool proxied, long from)
    {
        public Outbox Output { get; } = output;

        public bool Proxied => proxied;

        /// <summary>What it was told at first has the updates up to this one.</summary>
        public long From { get; set; } = from;
    }
}
