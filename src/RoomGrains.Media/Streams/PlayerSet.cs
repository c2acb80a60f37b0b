namespace RoomGrains.Media.Streams;

/// <summary>
/// Who plays a stream: players, and nodes that pull it. Coming and going costs the same however many there are, so a crowd may come at once; what
/// goes to all of them goes by a list that is made anew when the crowd has changed since the last time. Not thread-safe: the stream's lock guards
/// it; the lists are never changed.
/// </summary>
internal sealed class PlayerSet
{
    private readonly List<Subscription> _all = [];
    private Subscription[]? _list;

    /// <summary>Players of this node.</summary>
    public int Players => Count - Relays.Length;

    /// <summary>Nodes that pull the stream. There are few.</summary>
    public Subscription[] Relays { get; private set; } = [];

    public int Count => _all.Count;

    /// <summary>All as they are now.</summary>
    public Subscription[] ToList() => _list ??= [.. _all];

    public void Add(Subscription player)
    {
        player.Place = _all.Count;
        _all.Add(player);
        _list = null;
        if (player.RelayedEpoch is not null)
            Relays = [.. Relays, player];
    }

    public void Remove(Subscription player)
    {
        var last = _all[^1];
        _all[player.Place] = last;
        last.Place = player.Place;
        _all.RemoveAt(_all.Count - 1);
        _list = null;
        if (player.RelayedEpoch is not null)
            Relays = Array.FindAll(Relays, p => p != player);
    }
}
