using System.Collections.Immutable;

namespace RoomGrains.Grains.Directory;

/// <summary>Who waits in an application, as they last reported themselves. What is not renewed is forgotten: its silo died.</summary>
internal sealed class PendingIndex
{
    /// <summary>Pending connections renew their line every 10 s: three lost ones, and nobody waits.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    private readonly Dictionary<ConnectionId, (PendingSummary Line, DateTimeOffset At)> _waiting = [];

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
