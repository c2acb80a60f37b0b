using System.Collections.Immutable;
using Orleans;

namespace RoomGrains.Gateway.Tests;

/// <summary>A node that the cluster hears of, as long as this lives: a gateway of the test, or one that is only said to be.</summary>
internal sealed class ReportedGateway : IAsyncDisposable, INodeObserver
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IGrainFactory _grains;
    private readonly INodeObserver _observer;
    private readonly NodeReport _report;
    private readonly Task _reporting;

    private ReportedGateway(IGrainFactory grains, NodeReport report, INodeObserver? observer)
    {
        (_grains, _report) = (grains, report);
        _observer = observer ?? grains.CreateObjectReference<INodeObserver>(this);
        _reporting = ReportAsync();
    }

    /// <summary>Returns when the cluster has heard of it.</summary>
    /// <param name="grains">The cluster.</param>
    /// <param name="name">The node's name.</param>
    /// <param name="gateway">The gateway; null: there is none.</param>
    public static async Task<ReportedGateway> StartAsync(IGrainFactory grains, string name, TestGateway? gateway = null)
    {
        var report = new NodeReport { Name = name, Roles = ["gateway"], RtmpAddress = gateway?.EndPoint.ToString() ?? "127.0.0.1:1" };
        var node = new ReportedGateway(grains, report, gateway?.Service.Observer);
        await node.ReportOnceAsync();
        return node;
    }

    public Task Disconnect(RoomKey room, ImmutableArray<ConnectionId> connections, string reason) => Task.CompletedTask;

    public Task Superseded(StreamKey stream, long epoch) => Task.CompletedTask;

    public Task ReportNow(RoomKey room) => Task.CompletedTask;

    public Task Routes(RoomRoutes routes) => Task.CompletedTask;

    public Task SharedObject(SharedObjectUpdate update) => Task.CompletedTask;

    public Task Call(ClientCall call) => Task.CompletedTask;

    public Task Drain(TimeSpan within) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reporting;
        await _grains.GetCluster().RemoveNode(_report.Name);
        _stop.Dispose();
    }

    private async Task ReportOnceAsync() => await _grains.GetCluster().ReportNode(_report with { At = TimeProvider.System.GetUtcNow() }, _observer);

    private async Task ReportAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await ReportOnceAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
