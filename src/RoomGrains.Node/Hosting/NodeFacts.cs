using System.Reflection;
using RoomGrains.Gateway;
using RoomGrains.Grains.Jobs;
using RoomGrains.Node.Settings;

namespace RoomGrains.Node.Hosting;

/// <summary>What this node says of itself: its name and addresses, and what it counts and measures.</summary>
internal sealed class NodeFacts(NodeSettings settings, NodeIdentity identity, GatewayService gateway, IMediaWorker worker, TimeProvider time)
{
    // Where clients and other nodes come to: it does not change while the process runs.
    private readonly string _rtmpAddress = NodeAddresses.ForClients(settings.Gateway, identity.RelayAddress);
    private readonly string _httpAddress = NodeAddresses.ForHttp(settings.Node, NodeAddresses.ForClients(settings.Gateway, identity.RelayAddress));
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private (long Timestamp, TimeSpan Cpu, long BytesSent) _last = (time.GetTimestamp(), Environment.CpuUsage.TotalTime + worker.Status.CpuTime, 0);

    public static string Version { get; } = typeof(NodeFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public string Name { get; } = identity.Name;

    /// <summary>The node as it is now. CPU and egress are means since the last call.</summary>
    public NodeReport Take()
    {
        var (timestamp, load, jobs) = (time.GetTimestamp(), gateway.Load, worker.Status);
        // What FFmpeg uses is this node's load as well.
        var cpu = Environment.CpuUsage.TotalTime + jobs.CpuTime;
        // Where the disk is full, or FFmpeg is not there, nothing is to be sent here.
        var slots = jobs.Trouble.Length > 0 ? 0 : jobs.Slots;
        var seconds = Math.Max(0.001, time.GetElapsedTime(_last.Timestamp, timestamp).TotalSeconds);
        var report = new NodeReport
        {
            Name = Name,
            Roles = slots > 0 ? [NodeRoles.Gateway, NodeRoles.Worker] : [NodeRoles.Gateway],
            RtmpAddress = _rtmpAddress,
            RelayAddress = identity.RelayAddress,
            SiloAddress = identity.SiloAddress,
            Version = Version,
            Started = _started,
            At = time.GetUtcNow(),
            Clients = load.Clients,
            Pending = load.Pending,
            Streams = load.Streams,
            MaxClients = settings.Gateway.MaxConnections,
            Players = load.Players,
            CpuCores = (cpu - _last.Cpu).TotalSeconds / seconds,
            Cores = Environment.ProcessorCount,
            MemoryBytes = Environment.WorkingSet,
            // The machine's memory; in a container with a limit, .NET's share of that, which is three quarters.
            MemoryLimitBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            EgressBitsPerSecond = (long)((load.BytesSent - _last.BytesSent) * 8 / seconds),
            EgressCapacity = settings.Gateway.EgressCapacity,
            Draining = gateway.Draining.IsCancellationRequested,
            Relays = load.Relays,
            Capabilities = jobs.Capabilities,
            WorkerSlots = slots,
            WorkersBusy = jobs.Busy,
            HttpAddress = _httpAddress,
        };
        _last = (timestamp, cpu, load.BytesSent);
        return report;
    }
}
