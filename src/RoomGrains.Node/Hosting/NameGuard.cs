using RoomGrains.Gateway;
using RoomGrains.Grains.Nodes;

namespace RoomGrains.Node.Hosting;

/// <summary>
/// Holds the gateway back while another living node has this one's name: two of one name would each deny the other's members. The usual cause
/// is this node's own predecessor, which was killed a moment ago or still says goodbye to its clients; it is waited for. The younger of two
/// gives way.
/// </summary>
internal sealed partial class NameGuard(NodeIdentity identity, ILocalSiloDetails silo, IClusterMembershipService membership, TimeProvider time, ILogger<NameGuard> log) : IHostedService
{
    /// <summary>Failure detection takes some seconds, a drain up to half of Node:ShutdownDeadline. Supervisors start a node again that gives up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        for (var told = false; Namesake() is { } other; told = true)
        {
            if (time.GetElapsedTime(since) > Patience)
                throw new StartException(
                    $"The cluster has a living node named {identity.Name} already, {other.ToParsableString()}, and names are unique. Give this one another name (--name), or end that one.");
            if (!told)
                Log.Waiting(log, identity.Name, other, Patience.TotalSeconds);
            await Task.Delay(Look, time, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private SiloAddress? Namesake() => membership.CurrentSnapshot.Members.Values
        .Where(member => member.Name == identity.Name && member.Status is (SiloStatus.Joining or SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping))
        .Select(member => member.SiloAddress)
        .FirstOrDefault(other => !other.Equals(silo.SiloAddress) && SiloAge.IsElder(other, silo.SiloAddress));

    private static partial class Log
    {
        [LoggerMessage(4030, LogLevel.Information, "Another node named {Name}, {Silo}, has not left the cluster yet; waiting for that, at most {Seconds} s")]
        public static partial void Waiting(ILogger logger, string name, SiloAddress silo, double seconds);
    }
}
