using System.Collections.Immutable;

namespace RoomGrains.Grains.Directory;

/// <summary>
/// The rooms of an application as they last reported themselves, and the choice of one for a guest who named none. Soft: what is not
/// renewed is forgotten, and after a silo's death it is whole again as soon as the rooms have reported. Rooms that somebody created stay,
/// empty, with the line that their settings give.
/// </summary>
internal sealed class RoomIndex(Func<string, RoomSettings, RoomSummary> emptyLine)
{
    /// <summary>Rooms renew their line about every 10 s: three lost ones, and the room is not there.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    /// <summary>How long a seat that was promised counts as taken: about the time from here to the room and its report back.</summary>
    private static readonly TimeSpan PromiseTime = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Entry> _rooms = new(StringComparer.Ordinal);
    private int _lastNumber;

    public int Count => _rooms.Count;

    public bool Contains(string room) => _rooms.ContainsKey(room);

    /// <summary>Rooms that reported themselves lately, by name.</summary>
    public IEnumerable<string> Active => _rooms.Where(r => r.Value.Line is not null).Select(r => r.Key);

    public ImmutableArray<RoomSummary> List() =>
        [.. _rooms.Select(r => LineOf(r.Key, r.Value)).OfType<RoomSummary>().OrderBy(line => line.Room.Room, StringComparer.Ordinal)];

    /// <summary>A room has been created or changed (settings), or closed (null).</summary>
    public void SetPermanent(string room, RoomSettings? settings, DateTimeOffset now)
    {
        if (settings is not null)
            Get(room, now).Permanent = settings;
        else if (_rooms.TryGetValue(room, out var entry) && entry.Line is null)
            _rooms.Remove(room);
        else if (entry is not null)
            entry.Permanent = null;
    }

    public void Report(RoomSummary line, DateTimeOffset now)
    {
        var entry = Get(line.Room.Room, now);
        // Who has arrived since the last report are those who were promised a seat, the eldest promise first.
        for (var arrived = line.Members - (entry.Line?.Members ?? 0); arrived > 0 && entry.Promises.Count > 0; arrived--)
            entry.Promises.Dequeue();
        (entry.Line, entry.At) = (line, now);
    }

    /// <summary>A room has ended. One that somebody created stays, with nobody in it.</summary>
    public void Remove(string room)
    {
        if (_rooms.TryGetValue(room, out var entry) && entry.Permanent is not null)
            entry.Line = null;
        else
            _rooms.Remove(room);
    }

    public void Forget(DateTimeOffset now)
    {
        foreach (var (name, entry) in _rooms)
            if (now - entry.At >= Lifetime)
                Remove(name);
    }

    /// <summary>Somebody was sent to this room.</summary>
    public void Promise(string room, DateTimeOffset now) => Get(room, now).Promises.Enqueue(now);

    /// <summary>Somebody was refused by this room: it has no free seat, whatever its last report said.</summary>
    public void Full(string room, DateTimeOffset now) => Get(room, now).FullUntil = now + PromiseTime;

    /// <summary>
    /// The best room for somebody who named none: the fullest that has a free seat. People come for company, and one lively room is
    /// better than many empty ones; it also lets rooms run empty and go. Promised seats count, so that a crowd that arrives at once is
    /// not all sent to the one seat that was free. Rooms with a waiting room are not offered: who did not ask for one should not queue.
    /// </summary>
    public string? Best(string? except, int defaultCapacity, DateTimeOffset now)
    {
        string? best = null;
        var most = -1;
        foreach (var (name, entry) in _rooms)
        {
            var line = LineOf(name, entry);
            if (name == except || entry.FullUntil > now || line is { WaitingRoom: true } or { Closed: true })
                continue;
            while (entry.Promises.TryPeek(out var promised) && now - promised >= PromiseTime)
                entry.Promises.Dequeue();
            var taken = (line?.Members ?? 0) + entry.Promises.Count;
            if (taken < (line?.Capacity ?? defaultCapacity) && (taken > most || (taken == most && string.CompareOrdinal(name, best) < 0)))
                (best, most) = (name, taken);
        }
        return best;
    }

    /// <summary>A name that no known room has.</summary>
    public string NewName(string? except)
    {
        string name;
        do
            name = $"room-{++_lastNumber}";
        while (_rooms.ContainsKey(name) || name == except);
        return name;
    }

    private RoomSummary? LineOf(string name, Entry entry) => entry.Line ?? (entry.Permanent is { } settings ? emptyLine(name, settings) : null);

    private Entry Get(string room, DateTimeOffset now)
    {
        if (!_rooms.TryGetValue(room, out var entry))
            _rooms.Add(room, entry = new Entry { At = now });
        return entry;
    }

    private sealed class Entry
    {
        public RoomSummary? Line;
        public RoomSettings? Permanent;
        public DateTimeOffset At;
        public DateTimeOffset FullUntil;
        public readonly Queue<DateTimeOffset> Promises = [];
    }
}
