using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Orleans.Utilities;

namespace RoomGrains.Grains.Rooms;

/// <summary>
/// Who watches a room, and what they have not been told yet: all that happened in a turn goes to each in one call, and nobody waits for it. A
/// watcher that does not renew its watch is forgotten: one-way calls never say that nobody hears them.
/// </summary>
internal sealed class RoomWatchers
{
    /// <summary>A watcher is a program, not a viewer: a room has some, and each costs a message for each turn.</summary>
    public const int MaxWatchers = 100;

    private static readonly TimeSpan Expiry = TimeSpan.FromMinutes(1);

    private readonly ObserverManager<IRoomObserver> _watchers;
    private readonly TimeProvider _clock;
    private readonly List<RoomEvent> _events = [];

    public RoomWatchers(TimeProvider clock, ILogger logger)
    {
        _clock = clock;
        _watchers = new ObserverManager<IRoomObserver>(Expiry, logger) { GetDateTime = () => clock.GetUtcNow().UtcDateTime };
    }

    /// <summary>Adds or renews. False when there are too many.</summary>
    public bool TryAdd(IRoomObserver watcher)
    {
        if (!_watchers.Observers.ContainsKey(watcher) && _watchers.Count >= MaxWatchers)
            return false;
        _watchers.Subscribe(watcher, watcher);
        return true;
    }

    public void Remove(IRoomObserver watcher) => _watchers.Unsubscribe(watcher);

    /// <summary>Forgets who has not renewed.</summary>
    public void Expire() => _watchers.ClearExpired();

    public void Note(RoomEventKind kind, Member member) => Note(new RoomEvent { Kind = kind, At = _clock.GetUtcNow(), Member = member });

    public void Note(RoomEventKind kind, StreamInfo stream) => Note(new RoomEvent { Kind = kind, At = _clock.GetUtcNow(), Stream = stream });

    public void Note(EffectiveRoomSettings settings) => Note(new RoomEvent { Kind = RoomEventKind.SettingsChanged, At = _clock.GetUtcNow(), Settings = settings });

    public void Note(RoomEventKind kind, PendingSummary guest) => Note(new RoomEvent { Kind = kind, At = _clock.GetUtcNow(), Guest = guest });

    public void NoteClosed() => Note(new RoomEvent { Kind = RoomEventKind.Closed, At = _clock.GetUtcNow() });

    /// <summary>Tells what has been noted.</summary>
    public void Tell(RoomKey room)
    {
        if (_events.Count == 0)
            return;
        var events = _events.ToImmutableArray();
        _watchers.Notify(watcher => watcher.OnEvents(room, events).Ignore());
        _events.Clear();
    }

    private void Note(RoomEvent happened)
    {
        if (_watchers.Count > 0)
            _events.Add(happened);
    }
}
