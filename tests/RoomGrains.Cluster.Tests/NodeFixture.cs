using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>One real node as a process of its own, and a grain client for it.</summary>
public sealed class NodeFixture : IAsyncLifetime
{
    private NodeProcess? _node;
    private IHost? _client;
    private int _rooms;

    /// <summary>The node.</summary>
    public NodeProcess Node => _node!;

    /// <summary>The grain client.</summary>
    public IClusterClient Grains => _client!.Services.GetRequiredService<IClusterClient>();

    /// <summary>A room that no other test uses.</summary>
    public RoomKey NewRoom() => new("chat", $"room{Interlocked.Increment(ref _rooms)}");

    /// <summary>The URL of a room, or of a stream in it.</summary>
    public string Url(RoomKey room, string? stream = null) => $"rtmp://127.0.0.1:{Node.RtmpPort}/{room}{(stream is null ? "" : $"/{stream}")}";

    /// <summary>Waits until a room is as the test expects it. Rooms hear from their nodes about once a second.</summary>
    public async Task<RoomDetails> RoomAsync(RoomKey room, Func<RoomDetails, bool> expected, CancellationToken cancel)
    {
        while (true)
        {
            var details = await Grains.GetRoom(room).Describe();
            if (details.IsDone && expected(details.Value))
                return details.Value;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancel);
        }
    }

    /// <summary>Waits until as many clients are pending in a room.</summary>
    public async Task<PendingSummary[]> PendingAsync(RoomKey room, int count, CancellationToken cancel)
    {
        while (true)
        {
            var pending = (await Grains.GetDirectory(room.Application).ListPending()).Where(p => p.Room == room.Room && p.WaitsFor == "approval").ToArray();
            if (pending.Length >= count)
                return pending;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancel);
        }
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _node = await NodeProcess.StartAsync();
        _client = RoomGrainsClient.CreateHost(new ClusterOptions(), new IPEndPoint(IPAddress.Loopback, _node.ClientGatewayPort))
            .ConfigureLogging(logging => logging.ClearProviders()).Build();
        await _client.StartAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
            await _client.StopAsync();
        _client?.Dispose();
        if (_node is not null)
            await _node.DisposeAsync();
    }
}
