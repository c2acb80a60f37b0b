using System.Globalization;
using RoomGrains.Cluster.Tests.Crowds;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Faults;

/// <summary>The network between the nodes is torn, without a word to anybody: each node has a network namespace of its own, and one cable is pulled.</summary>
[Collection(OwnCluster.Name)]
public sealed class PartitionTests(ITestOutputHelper output)
{
    /// <summary>
    /// A node knows that it hears nobody after 5 s, waits Node:IsolationTime (15 s), asks the database for 3 s, and lets its clients go. Another
    /// publisher may have the name half a second after the cut. So long, and a moment for the ends, can players of the cut-off node see the old
    /// one while others see the new.
    /// </summary>
    private static readonly TimeSpan TwoOriginsLimit = TimeSpan.FromSeconds(5 + 15 + 3 + 2);

    private readonly CancellationToken _cancel = TestLimit.Token(180);

    [Fact]
    public async Task A_node_that_is_cut_off_lets_its_clients_go_and_they_meet_again_on_the_others()
    {
        var (networks, whyNot) = await NodeNetworks.TryCreateAsync();
        Assert.SkipWhen(networks is null, whyNot);
        await using var _ = networks;
        await using var cluster = await ClusterProcesses.StartAsync(3, networks: networks);
        await using var crowd = new Crowd(Seed.Next(output), FaultStage.NodesOf(cluster));
        var stage = new FaultStage(cluster, crowd);
        var (lonely, report) = await CutAsync(stage, networks!, new RoomKey("chat", "torn"), _cancel);

        output.WriteLine(FaultReport.Head);
        output.WriteLine($"{report}");
        Assert.Null(report.Disagreement);
        Assert.Empty(report.WhatWasWrong);
        Assert.All(report.Elsewhere, player => Assert.True(player.StayedConnected));
        Assert.True(report.Figures.TwoOrigins <= TwoOriginsLimit, $"Two origins for {report.Figures.TwoOrigins.TotalMilliseconds:0} ms.");
        // Mended, it finds that the others have buried it, and ends: its supervisor starts it anew.
        await networks!.MendAsync(lonely.Name);
        await lonely.Program.ExitAsync(TimeSpan.FromSeconds(60));
        await cluster.RestartAsync(lonely.Name);
        await crowd.SettledAsync(_cancel);
        Assert.Null(await stage.View.UntilAgreedAsync(crowd, TimeSpan.FromSeconds(30)));
        crowd.AssertNothingWrong();
    }

    /// <summary>
    /// Cuts off a node on which two streams are published; one of the two names is at once wanted by another publisher elsewhere. Returns when all
    /// clients are together again on the other nodes; the cable is still pulled then.
    /// </summary>
    internal static async Task<(NodeProcess Lonely, FaultReport Report)> CutAsync(FaultStage stage, NodeNetworks networks, RoomKey room, CancellationToken cancel)
    {
        await stage.OpenAsync(room, cancel);
        var roomNode = await stage.View.NodeOfRoomAsync(room, cancel);
        var lonely = stage.Cluster.Running.First(node => node != roomNode);
        var rivals = stage.Cluster.Running.Where(node => node != lonely).ToArray();
        stage.Populate(new StreamKey(room, "alice"), lonely.Name, playersOnEachNode: 2);
        stage.Populate(new StreamKey(room, "bob"), lonely.Name, playersOnEachNode: 2);
        CrowdPublisher? rival = null;
        var report = await stage.ObserveAsync("network between one node and the rest cut", lonely.Name, async () =>
        {
            stage.View.CutOff = lonely;
            await networks.CutAsync(lonely.Name);
            var cut = TimeProvider.System.GetTimestamp();
            rival = stage.Crowd.Publish(new StreamKey(room, "bob"), rivals[0].Name);
            await Until.True(() => rival.IsSettled, cancel);
            var taken = TimeProvider.System.GetElapsedTime(cut);
            await Until.True(() => stage.Crowd.Clients.All(client => client.Current?.Node != lonely.Name), cancel);
            // Two who want one name: the one that came second goes home, or they would take turns.
            var alone = TimeProvider.System.GetElapsedTime(cut);
            await stage.Crowd.SendHomeAsync(rival);
            return string.Create(CultureInfo.InvariantCulture, $"a rival has the name after {taken.TotalSeconds:0.0} s, the last client has left the cut-off node after {alone.TotalSeconds:0.0} s");
        }, cancel);
        return (lonely, report);
    }
}
