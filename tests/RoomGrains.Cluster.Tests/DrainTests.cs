using System.Diagnostics;
using RoomGrains.Cli;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>Nodes that leave a cluster in use, as processes: nobody elsewhere notices, and who was there goes on elsewhere where it can.</summary>
public sealed class DrainTests(ITestOutputHelper output)
{
    private static readonly RoomKey s_room = new("chat", "lobby");

    [Fact]
    public async Task A_node_that_is_drained_takes_its_stream_elsewhere_and_no_viewer_with_it()
    {
        var cancel = TestLimit.Token(240);
        await using var cluster = await ClusterProcesses.StartAsync(3);
        var grains = (await cluster.ConnectAsync(cluster["n2"], cluster["n3"])).Grains;
        await grains.UntilNodes(3, cancel);
        await using var alice = await MovingClient.PublishAsync(cluster["n1"].Rtmp($"{s_room}"), "alice", moves: true, cancel);
        await using var mover = await MovingClient.PlayAsync(cluster["n1"].Rtmp($"{s_room}"), "alice", moves: true, cancel);
        await using var two = await MovingClient.PlayAsync(cluster["n2"].Rtmp($"{s_room}"), "alice", moves: false, cancel);
        await using var three = await MovingClient.PlayAsync(cluster["n3"].Rtmp($"{s_room}"), "alice", moves: false, cancel);
        await using var encoder = RunningProgram.Start("ffmpeg",
        [
            "-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=10", "-c:v", "libx264", "-preset", "ultrafast", "-g", "10",
            "-pix_fmt", "yuv420p", "-f", "flv", cluster["n1"].Rtmp($"{s_room}/encoder"),
        ]);
        await Until.True(() => mover.Frames > 20 && two.Frames > 20 && three.Frames > 20, cancel);
        await grains.UntilRoom(s_room, r => r.Streams.Length == 2, cancel);
        using var joins = new Joins(cluster["n2"], cancel);

        using var said = new StringWriter();
        var code = await RoomCtl.RunAsync(
            ["nodes", "drain", "n1", "--within", "60s", "--connect", $"127.0.0.1:{cluster["n1"].ClientGatewayPort}", "--connect", $"127.0.0.1:{cluster["n2"].ClientGatewayPort}"], said, said);
        output.WriteLine(said.ToString());
        Assert.Equal(0, code);
        Assert.Contains("n1 is gone", said.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await cluster["n1"].Program.ExitAsync(TimeSpan.FromSeconds(30)));
        Assert.NotEqual(0, await encoder.ExitAsync(TimeSpan.FromSeconds(30)));
        await grains.UntilNodes(2, cancel);
        var (before2, before3, beforeMover) = (two.Frames, three.Frames, mover.Frames);
        await Until.True(() => mover.Frames > beforeMover + 25 && two.Frames > before2 + 25 && three.Frames > before3 + 25, cancel);
        var slowest = await joins.StopAsync();
        output.WriteLine($"gaps: n2 {two.LongestGap.TotalMilliseconds:0} ms, n3 {three.LongestGap.TotalMilliseconds:0} ms, mover {mover.LongestGap.TotalMilliseconds:0} ms; slowest of {joins.Count} joins: {slowest.TotalMilliseconds:0} ms");

        Assert.Equal((1, 1), (alice.Moves, mover.Moves));
        Assert.All([two, three, mover], viewer => Assert.False(viewer.HeardEnd || viewer.Dropped.Task.IsCompleted));
        Assert.False(alice.Dropped.Task.IsCompleted);
        // Four members, where one may still be the last of those who came and went.
        await grains.UntilRoom(s_room, r => r.Members.Length == 4 && r.Streams is [{ Name: "alice", Origin: not "n1" }], cancel);
        Assert.InRange(slowest, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task All_nodes_can_be_restarted_one_after_the_other_under_a_stream()
    {
        var cancel = TestLimit.Token(300);
        await using var cluster = await ClusterProcesses.StartAsync(3);
        await using var alice = await MovingClient.PublishAsync(cluster["n1"].Rtmp($"{s_room}"), "alice", moves: true, cancel);
        await using var bob = await MovingClient.PlayAsync(cluster["n2"].Rtmp($"{s_room}"), "alice", moves: true, cancel);
        await Until.True(() => bob.Frames > 20, cancel);
        foreach (var name in (string[])["n1", "n2", "n3"])
        {
            var watch = Stopwatch.StartNew();
            Assert.Equal(0, await cluster.StopAsync(name));
            output.WriteLine($"{name} ended in {watch.Elapsed.TotalSeconds:0.0} s; moves: alice {alice.Moves}, bob {bob.Moves}; longest gap {bob.LongestGap.TotalMilliseconds:0} ms");
            await cluster.RestartAsync(name);
            var grains = (await cluster.ConnectAsync(cluster[name])).Grains;
            await grains.UntilNodes(3, cancel);
            var before = bob.Frames;
            await Until.True(() => bob.Frames > before + 25, cancel);
            await grains.UntilRoom(s_room, r => r.Members.Length == 2 && r.Streams.Length == 1, cancel);
        }
        Assert.True(alice.Moves >= 1 && bob.Moves >= 1);
        Assert.False(alice.Dropped.Task.IsCompleted || bob.Dropped.Task.IsCompleted || bob.HeardEnd);
    }

    /// <summary>Clients that come to a node and go, one after the other, and how long the slowest waited.</summary>
    private sealed class Joins : IDisposable
    {
        private readonly CancellationTokenSource _stop;
        private readonly Task<TimeSpan> _run;

        public Joins(NodeProcess node, CancellationToken cancel)
        {
            _stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            _run = RunAsync(node.Rtmp($"{s_room}"), cancel);
        }

        public int Count { get; private set; }

        public async Task<TimeSpan> StopAsync()
        {
            await _stop.CancelAsync();
            return await _run;
        }

        public void Dispose() => _stop.Dispose();

        private async Task<TimeSpan> RunAsync(string url, CancellationToken cancel)
        {
            var slowest = TimeSpan.Zero;
            for (; !_stop.IsCancellationRequested; Count++)
            {
                var watch = Stopwatch.StartNew();
                await MovingClient.JoinAsync(url, cancel);
                if (watch.Elapsed > slowest)
                    slowest = watch.Elapsed;
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancel);
            }
            return slowest;
        }
    }
}
