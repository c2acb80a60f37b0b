using System.Net;
using System.Reflection;
using RoomGrains.Gateway;
using RoomGrains.Node.Settings;

namespace RoomGrains.Node.Hosting;

/// <summary>What this node says of itself: its name and addresses, and what it counts and measures.</summary>
internal sealed class NodeFacts(NodeSettings settings, ILocalSiloDetails silo, GatewayService gateway, TimeProvider time)
{
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private (long Timestamp, TimeSpan Cpu, long BytesSent) _last = (time.GetTimestamp(), Environment.CpuUsage.TotalTime, 0);

    public static string Version { get; } = typeof(NodeFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public string Name { get; } = settings.Node.EffectiveName;

    /// <summary>The node as it is now. CPU and egress are means since the last call.</summary>
    public NodeReport Take()
    {
        var (timestamp, cpu, load) = (time.GetTimestamp(), Environment.CpuUsage.TotalTime, gateway.Load);
        var seconds = Math.Max(0.001, time.GetElapsedTime(_last.Timestamp, timestamp).TotalSeconds);
        var report = new NodeReport
        {
            Name = Name,
            Roles = ["gateway"],
            // A node listens on every address of its machine; the silo's is the one that other machines know.
            RtmpAddress = new IPEndPoint(silo.SiloAddress.Endpoint.Address, settings.Gateway.RtmpPort).ToString(),
            SiloAddress = silo.SiloAddress.ToString(),
            Version = Version,
            Started = _started,
            At = time.GetUtcNow(),
            Clients = load.Clients,
            Pending = load.Pending,
            Streams = load.Streams,
            Players = load.Players,
            CpuCores = (cpu - _last.Cpu).TotalSeconds / seconds,
            Cores = Environment.ProcessorCount,
            MemoryBytes = Environment.WorkingSet,
            EgressBitsPerSecond = (long)((load.BytesSent - _last.BytesSent) * 8 / seconds),
            Draining = gateway.Draining,
        };
        _last = (timestamp, cpu, load.BytesSent);
        return report;
    }
}
