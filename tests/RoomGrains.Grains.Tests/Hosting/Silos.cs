using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Hosting;

/// <summary>Silos as the node starts them: with sockets, and the clustering and storage of our options.</summary>
internal static class Silos
{
    public static RoomGrains.Hosting.ClusterOptions NewOptions(string connectionString = "")
    {
        var ports = FreePort.Several(2);
        return new() { ClusterId = "tests", ServiceId = "tests", ConnectionString = connectionString, AdvertisedAddress = "127.0.0.1", SiloPort = ports[0], ClientGatewayPort = ports[1] };
    }

    public static IHost Build(RoomGrains.Hosting.ClusterOptions options, string dataFolder) =>
        Microsoft.Extensions.Hosting.Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Error))
            .UseOrleans(silo => silo.UseRoomGrains(options, $"s{options.SiloPort}", dataFolder))
            .Build();

    public static async Task<IHost> Start(RoomGrains.Hosting.ClusterOptions options, string dataFolder)
    {
        var host = Build(options, dataFolder);
        await host.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }

    public static async Task Stop(this IHost host)
    {
        await host.StopAsync(TestContext.Current.CancellationToken);
        host.Dispose();
    }

    public static IClusterClient Client(this IHost host) => host.Services.GetRequiredService<IClusterClient>();
}
