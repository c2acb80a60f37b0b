using System.Collections.Immutable;

namespace RoomGrains.Grains.Directory;

/// <summary>Who waits in an application, as they last reported themselves. What is not renewed is forgotten: its silo died.</summary>
internal sealed class PendingIndex
{
    /// <summary>Pending connections renew their line every 10 s: three lost ones, and nobody waits.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    private readonly Dictionary<ConnectionId, (PendingSummary Line, DateTimeOffset At)> _waiting = [];

    public bool Contains(ConnectionId connection) => _waiting.ContainsKey(connection);

    /// <summary>How many have waited as long as this one, or longer, with it; 0 when it does not wait.</summary>
    public int PositionOf(ConnectionId connection) =>
        _waiting.TryGetValue(connection, out var entry) ? _waiting.Values.Count(other => other.Line.Since <= entry.Line.Since) : 0;

    public void Report(PendingSummary line, DateTimeOffset now)
    {
        if (line.State == PendingState.Pending)
            _waiting[line.Id] = (line, now);
        else
            _waiting.Remove(line.Id);
    }

    public void Forget(DateTimeOffset now)
    {
        foreach (var (id, entry) in _waiting)
            if (now - entry.At >= Lifetime)
                _waiting.Remove(id);
    }

    public ImmutableArray<PendingSummary> List() => [.. _waiting.Values.Select(e => e.Line).OrderBy(line => line.Since).ThenBy(line => line.Id.Value, StringComparer.Ordinal)];
}
