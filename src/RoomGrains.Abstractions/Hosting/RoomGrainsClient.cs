using System.Net;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;

namespace RoomGrains.Hosting;

/// <summary>Configures an Orleans client for a RoomGrains cluster.</summary>
public static class RoomGrainsClient
{
    /// <summary>Connects to the cluster through the client gateways of the given nodes.</summary>
    /// <param name="client">The client to configure.</param>
    /// <param name="options">The cluster's names, and the files for TLS where the cluster has it.</param>
    /// <param name="gateways">Addresses of client gateways; one is enough, the others serve when it is down.</param>
    public static IClientBuilder UseRoomGrains(this IClientBuilder client, ClusterOptions options, params IPEndPoint[] gateways)
    {
        client.UseStaticClustering(gateways);
        client.Configure<Orleans.Configuration.ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (options.ClusterId, options.ServiceId));
        if (ClusterTls.Load(options) is { } tls)
            client.Configure<ClientConnectionOptions>(o => o.ConfigureConnection(tls.UseClient));
        client.AddActivityPropagation();
        return client;
    }

    /// <summary>A host with a client for the cluster: start it, and take <see cref="IClusterClient"/> from its services.</summary>
    public static IHostBuilder CreateHost(ClusterOptions options, params IPEndPoint[] gateways) =>
        Host.CreateDefaultBuilder().UseOrleansClient(client => client.UseRoomGrains(options, gateways));
}
