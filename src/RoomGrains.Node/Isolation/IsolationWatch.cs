using System.Collections.Immutable;

namespace RoomGrains.Node.Isolation;

/// <summary>
/// Tells from what a node hears of the others whether it is cut off from them: for the whole limit, fresh reports came of less than half of
/// those that it knew. The reports come by the cluster's grain; where that is on this very node, the others' stop to change. Reports are
/// told apart by their own times and never compared with the clock here.
/// </summary>
internal sealed class IsolationWatch(string self, TimeSpan limit, TimeProvider time)
{
    /// <summary>Nodes report each second, three seconds at the most: after so long a node is not heard.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (DateTimeOffset At, long HeardAt)> _others = new(StringComparer.Ordinal);
    private long _connectedAt = time.GetTimestamp();

    /// <summary>The reports of all nodes, as the cluster's grain answered.</summary>
    public void Heard(ImmutableArray<NodeReport> nodes)
    {
        lock (_gate)
        {
            foreach (var node in nodes)
            {
                if (node.Name == self)
                    continue;
                // Who drains is about to go: it is not missed.
                if (node.Draining)
                    _others.Remove(node.Name);
                else if (!_others.TryGetValue(node.Name, out var known) || known.At != node.At)
                    _others[node.Name] = (node.At, time.GetTimestamp());
            }
        }
    }

    /// <summary>Whether this node has been cut off for the whole limit.</summary>
    public bool IsCutOff
    {
        get
        {
            lock (_gate)
            {
                var now = time.GetTimestamp();
                var heard = _others.Values.Count(o => time.GetElapsedTime(o.HeardAt, now) < Fresh);
                if (heard * 2 < _others.Count)
                    return time.GetElapsedTime(_connectedAt, now) >= limit;
                _connectedAt = now;
                // Most are heard: the others among them are gone.
                Forget(limit, now);
                return false;
            }
        }
    }

    /// <summary>How many nodes it misses.</summary>
    public int Missed
    {
        get
        {
            lock (_gate)
                return _others.Values.Count(o => time.GetElapsedTime(o.HeardAt) >= Fresh);
        }
    }

    /// <summary>There is other evidence that this node is not cut off: those that are not heard are gone.</summary>
    public void Trust()
    {
        lock (_gate)
        {
            _connectedAt = time.GetTimestamp();
            Forget(Fresh, _connectedAt);
        }
    }

    private void Forget(TimeSpan silence, long now)
    {
        foreach (var (name, other) in _others)
            if (time.GetElapsedTime(other.HeardAt, now) >= silence)
                _others.Remove(name);
    }
}
