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
    /// <summary>The address of its silo: <c>ip:port@generation</c>, as <see cref="Orleans.Runtime.SiloAddress.ToParsableString"/> writes it.</summary>
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
    /// <summary>Streams that this node pulls from other nodes for its players.</summary>
    [Id(16)] public int Relays { get; init; }
    /// <summary>Where other nodes pull streams from: host and port.</summary>
    [Id(17)] public string RelayAddress { get; init; } = "";
    /// <summary>Clients it takes at most.</summary>
    [Id(18)] public int MaxClients { get; init; }
    /// <summary>Memory this process may use, in bytes: the machine's, or its container's.</summary>
    [Id(19)] public long MemoryLimitBytes { get; init; }
    /// <summary>Bits a second that its network takes, as its operator says.</summary>
    [Id(20)] public long EgressCapacity { get; init; }
    /// <summary>What jobs may ask for, for example <c>ffmpeg</c>.</summary>
    [Id(21)] public ImmutableArray<string> Capabilities { get; init; } = [];
    /// <summary>Media jobs that may run here at a time.</summary>
    [Id(22)] public int WorkerSlots { get; init; }
    /// <summary>Media jobs that run here.</summary>
    [Id(23)] public int WorkersBusy { get; init; }
    /// <summary>Where the files of media jobs are fetched: host and port of its HTTP listener.</summary>
    [Id(24)] public string HttpAddress { get; init; } = "";
}
