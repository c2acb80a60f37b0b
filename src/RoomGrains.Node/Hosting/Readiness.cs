using Microsoft.Extensions.Diagnostics.HealthChecks;
using RoomGrains.Gateway;

namespace RoomGrains.Node.Hosting;

/// <summary>
/// Ready: the silo is an active member of its cluster, RTMP clients are taken, and no shutdown has begun. Load balancers stop sending
/// clients when it is not.
/// </summary>
internal sealed class Readiness(IHostApplicationLifetime lifetime, ISiloStatusOracle silo, GatewayService gateway) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(Problem() switch
    {
        null => HealthCheckResult.Healthy("ready"),
        var problem => HealthCheckResult.Unhealthy(problem),
    });

    private string? Problem()
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested || gateway.Draining.IsCancellationRequested)
            return "draining";
        if (!lifetime.ApplicationStarted.IsCancellationRequested || gateway.RtmpEndPoint is null)
            return "starting";
        if (gateway.Isolated)
            return "isolated: cut off from the other nodes and the database";
        return silo.CurrentStatus is SiloStatus.Active ? null : $"the silo is {silo.CurrentStatus}";
    }
}
