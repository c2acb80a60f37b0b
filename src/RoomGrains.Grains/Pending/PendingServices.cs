using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending;

/// <summary>
/// What the pending connections of a silo share. One object, since a grain comes up for every connection: what its constructor asks for is looked up
/// for each, and kept by each.
/// </summary>
internal sealed class PendingServices(
    AdmissionPolicy policy, IOptions<RoomOptions> rooms, IOptions<AdmissionOptions> options, DecidedConnections decided, DecidedElsewhere elsewhere,
    GrainMetrics metrics, IHostApplicationLifetime host, [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock, ILogger<PendingConnectionGrain> logger)
{
    public AdmissionPolicy Policy => policy;

    public RoomOptions Rooms { get; } = rooms.Value;

    public AdmissionOptions Options { get; } = options.Value;

    public DecidedConnections Decided => decided;

    public DecidedElsewhere Elsewhere => elsewhere;

    public GrainMetrics Metrics => metrics;

    /// <summary>Cancelled when the process is about to stop.</summary>
    public CancellationToken Stopping => host.ApplicationStopping;

    public TimeProvider Clock => clock;

    public ILogger Logger => logger;
}
