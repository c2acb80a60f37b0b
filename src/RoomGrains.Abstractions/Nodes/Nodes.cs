using System.Collections.Immutable;
using Orleans.Concurrency;

namespace RoomGrains;

/// <summary>What a node says of itself, about once a second.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.NodeReport")]
public sealed record NodeReport
{
    /// <summary>The node's name, unique in its cluster.</summary>
    [Id(0)] public required string Name { get; init; }
    /// <summary>Its roles, for example <c>gateway</c>.</summary>
    [Id(1)] public ImmutableArray<string> Roles { get; init; } = [];
    /// <summary>Where clients reach it: host and port of its RTMP listener.</summary>
    [Id(2)] public string RtmpAddress { get; init; } = "";
    /// <summary>The address of its silo.</summary>
    [Id(3)] public string SiloAddress { get; init; } = "";
    /// <summary>The program's version.</summary>
    [Id(4)] public string Version { get; init; } = "";
    /// <summary>When it started (UTC).</summary>
    [Id(5)] public DateTimeOffset Started { get; init; }
    /// <summary>When it made this report (UTC).</summary>
    [Id(6)] public DateTimeOffset At { get; init; }
    /// <summary>Connected clients, pending ones included.</summary>
    [Id(7)] public int Clients { get; init; }
    /// <summary>Those of them that are pending.</summary>
    [Id(8)] public int Pending { get; init; }
    /// <summary>Streams whose publisher is connected here.</summary>
    [Id(9)] public int Streams { get; init; }
    /// <summary>Players connected here.</summary>
    [Id(10)] public int Players { get; init; }
    /// <summary>CPU in use by this process, in cores.</summary>
    [Id(11)] public double CpuCores { get; init; }
    /// <summary>Cores this process may use.</summary>
    [Id(12)] public int Cores { get; init; }
    /// <summary>Resident memory of this process in bytes.</summary>
    [Id(13)] public long MemoryBytes { get; init; }
    /// <summary>Bits a second sent to clients.</summary>
    [Id(14)] public long EgressBitsPerSecond { get; init; }
    /// <summary>Whether it takes no new clients and is about to leave.</summary>
    [Id(15)] public bool Draining { get; init; }
}

/// <summary>The cluster as a whole; the key is <see cref="ClusterKey.Only"/>: which nodes there are, and which applications.</summary>
[Alias("RoomGrains.IClusterGrain")]
public interface IClusterGrain : IGrainWithStringKey
{
    /// <summary>A node reports itself. A node that stops reporting is forgotten after some seconds.</summary>
    [Alias("ReportNode"), OneWay]
    Task ReportNode(NodeReport report, INodeObserver observer);

    /// <summary>A node says that it leaves.</summary>
    [Alias("RemoveNode")]
    Task RemoveNode(string name);

    /// <summary>The nodes, by name.</summary>
    [Alias("ListNodes")]
    Task<ImmutableArray<NodeReport>> ListNodes();

    /// <summary>Where the nodes are reached: a room that has lost its memory asks them who is in it. Answered a little later when the nodes have not had the time to report.</summary>
    [Alias("ListObservers")]
    Task<ImmutableArray<INodeObserver>> ListObservers();

    /// <summary>A directory says that its application exists.</summary>
    [Alias("ReportApplication"), OneWay]
    Task ReportApplication(string application);

    /// <summary>The applications that have been asked for or created, by name. Durable.</summary>
    [Alias("ListApplications")]
    Task<ImmutableArray<string>> ListApplications();
}

/// <summary>The key of <see cref="IClusterGrain"/>.</summary>
public static class ClusterKey
{
    /// <summary>There is one cluster grain.</summary>
    public const string Only = "cluster";
}

/// <summary>How grains reach a node: one observer for each node, never one for each client, so that grain traffic grows with servers and not with viewers.</summary>
[Alias("RoomGrains.INodeObserver")]
public interface INodeObserver : IGrainObserver
{
    /// <summary>End these members' connections. It comes again while they are reported.</summary>
    /// <param name="room">The room they sit in.</param>
    /// <param name="connections">Whose connections.</param>
    /// <param name="reason">What they are told.</param>
    [Alias("Disconnect"), OneWay]
    Task Disconnect(RoomKey room, ImmutableArray<ConnectionId> connections, string reason);

    /// <summary>A publication has been taken over by a newer one: its publisher's connection ends, its players stay.</summary>
    /// <param name="stream">The stream that both publish.</param>
    /// <param name="epoch">The epoch of the newer publication: every one with a lower epoch has ended. It may come more than once.</param>
    [Alias("Superseded"), OneWay]
    Task Superseded(StreamKey stream, long epoch);

    /// <summary>
    /// A room came up, perhaps because it lost its memory, and asks who is in it: report now. Report also when nobody is: the room gives
    /// away no seat until all nodes have answered, or two seconds have passed.
    /// </summary>
    [Alias("ReportNow"), OneWay]
    Task ReportNow(RoomKey room);
}
