using System.Collections.Immutable;
using RoomGrains.Grains.Nodes;

namespace RoomGrains.Grains.Rooms;

/// <summary>The nodes that have reported to a room: when they last did, and where they are reached.</summary>
internal sealed class NodeTable(TimeSpan lease)
{
    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);

    /// <summary>How many nodes have reported since the room came up.</summary>
    public int Count => _nodes.Count;

    /// <summary>Notes a report. False when a newer one has come before: then it must be ignored.</summary>
    public bool TryReport(NodePresence presence, DateTimeOffset now)
    {
        if (_nodes.TryGetValue(presence.Node, out var last) && last.Presence.Sequence >= presence.Sequence)
            return false;
        _nodes[presence.Node] = new Node(presence with { Members = [], Streams = [], Observer = presence.Observer ?? last?.Presence.Observer }, now);
        return true;
    }

    public INodeObserver? Observer(string node) => _nodes.GetValueOrDefault(node)?.Presence.Observer;

    public DateTimeOffset? LastReport(string node) => _nodes.GetValueOrDefault(node)?.At;

    /// <summary>Where other nodes pull streams from this one; empty while it is not known.</summary>
    public string RelayAddress(string node) => _nodes.GetValueOrDefault(node)?.Presence.RelayAddress ?? "";

    /// <summary>Players of a stream on all nodes.</summary>
    public int Players(string stream) => _nodes.Values.Sum(n => n.Presence.Players.GetValueOrDefault(stream));

    /// <summary>Forgets the nodes whose silo is dead.</summary>
    /// <returns>Their names.</returns>
    public ImmutableArray<string> RemoveDead(SiloLife silos)
    {
        ImmutableArray<string> dead = [.. _nodes.Where(n => silos.IsDead(n.Value.Presence.SiloAddress)).Select(n => n.Key)];
        foreach (var name in dead)
            _nodes.Remove(name);
        return dead;
    }

    public void Expire(DateTimeOffset now)
    {
        foreach (var (name, node) in _nodes)
            if (now - node.At >= lease)
                _nodes.Remove(name);
    }

    private sealed record Node(NodePresence Presence, DateTimeOffset At);
}
