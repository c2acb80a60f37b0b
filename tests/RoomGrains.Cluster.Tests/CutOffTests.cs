using System.Diagnostics;
using System.Net;
using RoomGrains.Rtmp.Client;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>Nodes that lose their cluster, as processes: frozen and given up by the others, or alone without the database.</summary>
public sealed class CutOffTests
{
    private const string Room = "chat/lobby";

    [Fact]
    public async Task A_frozen_node_learns_that_it_was_declared_dead_and_ends_with_a_line()
    {
        var cancel = TestLimit.Token(240);
        await using var cluster = await ClusterProcesses.StartAsync(3);
        var management = (await cluster.ConnectAsync(cluster["n1"])).Grains.GetGrain<IManagementGrain>(0);
        await using var bob = await MovingClient.PlayAsync(cluster["n3"].Rtmp(Room), "alice", moves: false, cancel);
        cluster.Signal("n3", "STOP");
        await Until.Answer(() => management.GetHosts(onlyActive: true, cancel), hosts => hosts.Count <= 2, cancel);
        cluster.Signal("n3", "CONT");
        Assert.Equal(3, await cluster["n3"].Program.ExitAsync(TimeSpan.FromSeconds(60)));
        Assert.Single(cluster["n3"].Program.Output.Split('\n'), line => line.StartsWith("roomgrains: this node was declared dead", StringComparison.Ordinal));
        await bob.Dropped.Task.WaitAsync(cancel);
    }

    [Fact]
    public async Task Without_the_database_a_node_goes_on_while_it_hears_the_others_and_no_longer()
    {
        var cancel = TestLimit.Token(240);
        await using var cluster = await ClusterProcesses.StartAsync(3, environment: new Dictionary<string, string> { ["ROOMGRAINS_Node__IsolationTime"] = "5s" });
        var n1 = cluster["n1"];
        using var http = new HttpClient();
        await (await cluster.ConnectAsync(n1)).Grains.UntilNodes(3, cancel);
        await using var bob = await MovingClient.PlayAsync(n1.Rtmp(Room), "alice", moves: false, cancel);

        await cluster.Database.StopAsync();
        // Twice and more of what would do if the others were silent.
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromSeconds(15);)
        {
            Assert.Equal((HttpStatusCode.OK, "ready"), await ReadyAsync(http, n1, cancel));
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancel);
        }
        await MovingClient.JoinAsync(n1.Rtmp(Room), cancel);
        Assert.False(bob.Dropped.Task.IsCompleted);

        cluster.Signal("n2", "STOP");
        cluster.Signal("n3", "STOP");
        await n1.Program.LineAsync(line => line.Contains("[4040]", StringComparison.Ordinal), TimeSpan.FromSeconds(90));
        await bob.Dropped.Task.WaitAsync(cancel);
        var (status, words) = await ReadyAsync(http, n1, cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.StartsWith("isolated", words, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RtmpClientEndedException>(() => MovingClient.JoinAsync(n1.Rtmp(Room), cancel));

        cluster.Signal("n2", "CONT");
        cluster.Signal("n3", "CONT");
        await cluster.Database.StartAsync();
        await n1.Program.LineAsync(line => line.Contains("[4041]", StringComparison.Ordinal), TimeSpan.FromSeconds(90));
        await MovingClient.JoinAsync(n1.Rtmp(Room), cancel);
    }

    private static async Task<(HttpStatusCode Status, string Words)> ReadyAsync(HttpClient http, NodeProcess node, CancellationToken cancel)
    {
        var answer = await http.GetAsync(node.Http("/health/ready"), cancel);
        return (answer.StatusCode, (await answer.Content.ReadAsStringAsync(cancel)).TrimEnd());
    }
}
