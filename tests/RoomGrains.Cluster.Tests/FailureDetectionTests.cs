using System.Diagnostics;
using Npgsql;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>How soon a dead node is noticed, and that one that only stood still is not taken for dead. What was measured is in the test's output.</summary>
public sealed class FailureDetectionTests
{
    // Far above what is measured, for machines that do ten things at a time; what is usual stands with Cluster:MissedProbes.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("KILL")]
    [InlineData("STOP")]
    public async Task A_room_of_a_node_that_died_or_froze_answers_again_within_seconds(string signal)
    {
        var cancel = TestLimit.Token(240);
        await using var cluster = await ClusterProcesses.StartAsync(3);
        var room = new RoomKey("chat", "lobby");
        var (victim, client) = await PlaceAsync(cluster, room, cancel);

        var watch = Stopwatch.StartNew();
        victim.Program.Signal(signal);
        var dead = DeadAsync(cluster, victim, cancel);
        // A client outside the silos does not hear that a silo died: each question is a new one, as each join is.
        var answered = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var asked = 0; !answered.Task.IsCompleted; asked++)
        {
            Assert.True(watch.Elapsed < Limit, $"No answer {Limit.TotalSeconds:0} s after SIG{signal}");
            _ = AskAsync();
            await Task.WhenAny(answered.Task, Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancel));
        }
        await dead;
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"SIG{signal}: the room answered after {(await answered.Task).TotalSeconds:0.0} s, membership said dead after {(await dead).TotalSeconds:0.0} s");
        Assert.True(await dead < Limit, "Membership took longer.");

        async Task AskAsync()
        {
            try
            {
                if ((await client.Grains.GetRoom(room).Describe()).IsDone)
                    answered.TrySetResult(watch.Elapsed);
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or ObjectDisposedException or InvalidOperationException)
            {
                // Asked too early.
            }
        }

        async Task<TimeSpan> DeadAsync(ClusterProcesses processes, NodeProcess node, CancellationToken token)
        {
            while (await StatusAsync(processes, node, token) != SiloStatus.Dead && watch.Elapsed < Limit)
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, token);
            return watch.Elapsed;
        }
    }

    [Fact]
    public async Task A_node_that_stands_still_for_a_moment_stays()
    {
        var cancel = TestLimit.Token(240);
        await using var cluster = await ClusterProcesses.StartAsync(3);
        var room = new RoomKey("chat", "lobby");
        var (node, client) = await PlaceAsync(cluster, room, cancel);

        foreach (var pause in (double[])[1.0, 2.5])
        {
            node.Program.Signal("STOP");
            await Task.Delay(TimeSpan.FromSeconds(pause), TimeProvider.System, cancel);
            node.Program.Signal("CONT");
            // Long enough for every probe that was on its way to be judged.
            await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, cancel);
            Assert.Equal(SiloStatus.Active, await StatusAsync(cluster, node, cancel));
            Assert.False(node.Program.HasExited);
            Assert.True((await client.Grains.GetRoom(room).Describe()).IsDone);
        }
    }

    /// <summary>Makes a room and returns the node that has its grain, and a client of the others.</summary>
    private static async Task<(NodeProcess Node, GrainClient Client)> PlaceAsync(ClusterProcesses cluster, RoomKey room, CancellationToken cancel)
    {
        await using var any = await GrainClient.ConnectAsync(new Hosting.ClusterOptions(), [.. cluster.Running]);
        Assert.True((await any.Grains.GetRoom(room).Create(new RoomSettings())).IsDone);
        var silo = await any.Grains.GetGrain<IManagementGrain>(0).GetActivationAddress(any.Grains.GetRoom(room), cancel);
        var node = cluster.Running.Single(running => running.SiloPort == silo!.Endpoint.Port);
        return (node, await cluster.ConnectAsync([.. cluster.Running.Where(running => running != node)]));
    }

    private static async Task<SiloStatus> StatusAsync(ClusterProcesses cluster, NodeProcess node, CancellationToken cancel)
    {
        await using var connection = new NpgsqlConnection(cluster.ConnectionString);
        await connection.OpenAsync(cancel);
        await using var command = new NpgsqlCommand($"SELECT Status FROM OrleansMembershipTable WHERE Port = {node.SiloPort} ORDER BY Generation DESC LIMIT 1", connection);
        return (SiloStatus)(int)(await command.ExecuteScalarAsync(cancel))!;
    }
}
