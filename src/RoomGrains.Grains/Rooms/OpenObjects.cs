namespace RoomGrains.Grains.Rooms;

/// <summary>Which shared objects of a room are in use that are not persistent: they say so again and again, and those that are silent are gone.</summary>
internal sealed class OpenObjects
{
    private static readonly TimeSpan Silence = SharedObjectLease.Renewal * 3;

    private readonly Dictionary<string, DateTimeOffset> _open = new(StringComparer.Ordinal);

    public int Count => _open.Count;

    public IEnumerable<string> Names => _open.Keys;

    public bool Contains(string name) => _open.ContainsKey(name);

    public void Note(string name, DateTimeOffset now) => _open[name] = now;

    public void Remove(string name) => _open.Remove(name);

    public void Expire(DateTimeOffset now)
    {
        foreach (var (name, at) in _open)
            if (now - at >= Silence)
                _open.Remove(name);
    }
}
