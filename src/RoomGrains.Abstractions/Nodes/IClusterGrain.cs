using System.Collections.Immutable;

namespace RoomGrains;

/// <summary>The cluster as a whole; the key is <see cref="ClusterKey.Only"/>: which nodes there are, and which applications.</summary>
[Alias("RoomGrains.IClusterGrain")]
public interface IClusterGrain : IGrainWithStringKey
{
    /// <summary>
    /// A node reports itself. A node that stops reporting is forgotten after some seconds. Refused when another living node has its name: two
    /// of one name would each deny the other's members.
    /// </summary>
    /// <returns>The reports of all nodes, this one among them: what a silo places grains by.</returns>
    [Alias("ReportNode")]
    Task<Answer<ImmutableArray<NodeReport>>> ReportNode(NodeReport report, INodeObserver observer);

    /// <summary>
    /// Makes a node leave: it takes no new clients, asks those that can to connect elsewhere, ends the others when it does them the least
    /// harm, and stops. Returns when the node has been told; <see cref="ListNodes"/> shows how far it is.
    /// </summary>
    /// <param name="name">The node.</param>
    /// <param name="within">How long it may take; who is still connected then is disconnected.</param>
    [Alias("DrainNode")]
    Task<Answer> DrainNode(string name, TimeSpan within);

    /// <summary>The node a client should connect to: with the gateway role, not draining, the least loaded; who was sent a moment ago counts as there.</summary>
    /// <param name="except">A node that it shall not be; null: none.</param>
    [Alias("FindGateway")]
    Task<Answer<NodeReport>> FindGateway(string? except);

    /// <summary>A node says that it leaves.</summary>
    [Alias("RemoveNode")]
    Task RemoveNode(string name);

    /// <summary>The nodes, by name.</summary>
    [Alias("ListNodes")]
    Task<ImmutableArray<NodeReport>> ListNodes();

    /// <summary>Where the nodes are reached: a room that has lost its memory asks them who is in it. Answered a little later when the nodes have not had the time to report.</summary>
    [Alias("ListObservers")]
    Task<ImmutableArray<INodeObserver>> ListObservers();

    /// <summary>A directory says that its application is in use. Returns when that is durable, or when there are as many as are remembered.</summary>
    [Alias("ReportApplication")]
    Task ReportApplication(string application);

    /// <summary>The applications in which somebody has had a seat, or that have settings or rooms of their own, by name. Durable.</summary>
    [Alias("ListApplications")]
    Task<ImmutableArray<string>> ListApplications();
}

/// <summary>The key of <see cref="IClusterGrain"/>.</summary>
public static class ClusterKey
{
    /// <summary>There is one cluster grain.</summary>
    public const string Only = "cluster";
}
