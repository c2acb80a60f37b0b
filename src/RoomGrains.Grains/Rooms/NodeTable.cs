using System.Collections.Immutable;

namespace RoomGrains.Grains.Rooms;

/// <summary>The nodes that have members in a room: when they last reported, and where they are reached.</summary>
internal sealed class NodeTable(TimeSpan lease)
{
    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);

    /// <summary>How many nodes have reported since the room came up.</summary>
    public int Count => _nodes.Count;

    /// <summary>Notes a report. False when a newer one has come before: then it must be ignored.</summary>
    public bool TryReport(NodePresence presence, DateTimeOffset now)
    {
        if (_nodes.TryGetValue(presence.Node, out var last) && last.Sequence >= presence.Sequence)
            return false;
        _nodes[presence.Node] = new Node(presence.Sequence, now, presence.Observer ?? last?.Observer, presence.Players);
        return true;
    }

    public INodeObserver? Observer(string node) => _nodes.GetValueOrDefault(node)?.Observer;

    public DateTimeOffset? LastReport(string node) => _nodes.GetValueOrDefault(node)?.At;

    /// <summary>Players of a stream on all nodes.</summary>
    public int Players(string stream) => _nodes.Values.Sum(n => n.Players.GetValueOrDefault(stream));

    public void Expire(DateTimeOffset now)
    {
        foreach (var (name, node) in _nodes)
            if (now - node.At >= lease)
                _nodes.Remove(name);
    }

    private sealed record Node(long Sequence, DateTimeOffset At, INodeObserver? Observer, ImmutableDictionary<string, int> Players);
}
