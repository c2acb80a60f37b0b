using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RoomGrains.Hosting;

namespace RoomGrains.Testing;

/// <summary>A grain client of real nodes, as a user's program has one.</summary>
public sealed class GrainClient : IAsyncDisposable
{
    private readonly IHost _host;

    private GrainClient(IHost host) => _host = host;

    /// <summary>The grains.</summary>
    public IClusterClient Grains => _host.Services.GetRequiredService<IClusterClient>();

    /// <summary>Connects to the client gateways of the nodes.</summary>
    public static async Task<GrainClient> ConnectAsync(ClusterOptions options, params NodeProcess[] nodes)
    {
        var host = RoomGrainsClient.CreateHost(options, [.. nodes.Select(node => node.ClientGateway)])
            .ConfigureLogging(logging => logging.ClearProviders()).Build();
        await host.StartAsync().ConfigureAwait(false);
        return new GrainClient(host);
    }

    /// <summary>Ends the client; a node that is gone does not hold it up for long.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await _host.StopAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Its nodes are gone.
        }
        _host.Dispose();
    }
}
