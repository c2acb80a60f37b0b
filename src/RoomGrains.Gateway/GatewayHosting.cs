using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RoomGrains.Gateway.Admission;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Draining;
using RoomGrains.Gateway.Objects;
using RoomGrains.Gateway.Presence;
using RoomGrains.Gateway.Relay;
using RoomGrains.Gateway.Sessions;
using RoomGrains.Hosting;
using RoomGrains.Media;

namespace RoomGrains.Gateway;

/// <summary>Puts the gateway role into a host.</summary>
public static class GatewayHosting
{
    /// <summary>
    /// Adds the gateway. It needs an <see cref="IGrainFactory"/> (from the silo in the same host, or a cluster client), and serves from the
    /// moment the host starts. Its settings are <see cref="GatewayOptions"/> and <see cref="StreamOptions"/>;
    /// <see cref="ClusterOptions.Secret"/> signs the tickets by which nodes pull streams from each other.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="identity">Who this node is. Asked for when the services are there: where its silo is, the silo's options say.</param>
    public static IServiceCollection AddRoomGrainsGateway(this IServiceCollection services, Func<IServiceProvider, NodeIdentity> identity)
    {
        services.AddOptions<ClusterOptions>();
        services.AddOptions<GatewayOptions>();
        services.AddOptions<StreamOptions>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(identity);
        services.TryAddSingleton(s => new TicketSigner(s.GetRequiredService<IOptions<ClusterOptions>>().Value.Secret));
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton(s => new StreamHub(
            s.GetRequiredService<IOptions<StreamOptions>>().Value, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<IMeterFactory>(),
            s.GetRequiredService<ILogger<StreamHub>>()));
        services.AddSingleton<SessionRegistry>();
        services.AddSingleton<AdmissionClient>();
        services.AddSingleton<RoomPresence>();
        services.AddSingleton<StreamRights>();
        services.AddSingleton<LocalObjects>();
        services.AddSingleton<RelayLinks>();
        services.AddSingleton<RelayService>();
        // Half of the node's default shutdown deadline.
        services.TryAddSingleton(new DrainTimes(TimeSpan.FromSeconds(8)));
        services.AddSingleton<Drainer>();
        services.AddSingleton<NodeObserver>();
        services.AddSingleton<RtmpListener>();
        services.AddSingleton<WritePacers>();
        services.AddSingleton<SessionServices>();
        services.AddSingleton(s => new GatewayService(
            s.GetRequiredService<RtmpListener>(), s.GetRequiredService<SessionServices>(), s.GetRequiredService<NodeObserver>(), s.GetRequiredService<Drainer>(),
            s.GetRequiredService<DrainTimes>(), s.GetRequiredService<ILogger<GatewayService>>()));
        services.AddHostedService(s => s.GetRequiredService<GatewayService>());
        return services;
    }
}
