using System.Runtime.CompilerServices;
using RoomGrains.Cluster.Tests.Jobs;
using RoomGrains.Hosting;
using RoomGrains.Testing;

[assembly: AssemblyFixture(typeof(RoomGrains.Cluster.Tests.NodeFixture)), AssemblyFixture(typeof(RoomGrains.Cluster.Tests.Clients.SourceFile))]

namespace RoomGrains.Cluster.Tests;

/// <summary>One real node as a process of its own, and a grain client for it.</summary>
public sealed class NodeFixture : IAsyncLifetime
{
    private NodeProcess? _node;
    private GrainClient? _client;
    private int _rooms;

    /// <summary>The node.</summary>
    public NodeProcess Node => _node!;

    /// <summary>The grain client.</summary>
    public IClusterClient Grains => _client!.Grains;

    /// <summary>A room that no other test uses.</summary>
    public RoomKey NewRoom() => new("chat", $"room{Interlocked.Increment(ref _rooms)}");

    /// <summary>The URL of a room, or of a stream in it.</summary>
    public string Url(RoomKey room, string? stream = null) => $"rtmp://127.0.0.1:{Node.RtmpPort}/{room}{(stream is null ? "" : $"/{stream}")}";

    /// <summary>Waits until a room is as the test expects it.</summary>
    public Task<RoomDetails> RoomAsync(RoomKey room, Func<RoomDetails, bool> expected, CancellationToken cancel, [CallerArgumentExpression(nameof(expected))] string what = "") =>
        Grains.UntilRoom(room, expected, cancel, what);

    /// <summary>Waits until as many clients are pending in a room.</summary>
    public Task<PendingSummary[]> PendingAsync(RoomKey room, int count, CancellationToken cancel) => Until.Answer(
        async () => (await Grains.GetDirectory(room.Application).ListPending()).Where(p => p.Room == room.Room && p.WaitsFor == "approval").ToArray(),
        pending => pending.Length >= count, cancel);

    /// <summary>
    /// Ends GStreamer's librtmp source: when a stream ends it connects again by itself and waits for the next, for ever. Waits until it
    /// does, so that all of its file is written.
    /// </summary>
    public async Task EndWaitingPlayerAsync(RoomKey room, RunningProgram player, CancellationToken cancel)
    {
        var ended = TimeProvider.System.GetUtcNow();
        await Until.Answer(
            async () => (await Grains.GetDirectory(room.Application).ListPending()).Any(p => p.Room == room.Room && p.State == PendingState.Pending)
                || ((await Grains.GetRoom(room).Describe()).Value?.Members.Any(m => m.Since >= ended - TimeSpan.FromSeconds(1)) ?? false),
            isBack => isBack, cancel);
        // Asked politely it would wait in a read for 30 s more. Its file is written without a buffer.
        player.Signal("KILL");
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _node = await NodeProcess.StartAsync();
        _client = await GrainClient.ConnectAsync(new ClusterOptions(), _node);
        await Grains.UntilWorkers(1, TestLimit.Token());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
            await _client.DisposeAsync();
        if (_node is not null)
            await _node.DisposeAsync();
    }
}
