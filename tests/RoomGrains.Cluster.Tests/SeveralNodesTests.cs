using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>Several processes are one cluster: one room space, whoever is asked.</summary>
public sealed class SeveralNodesTests
{
    [Fact]
    public async Task Nodes_find_each_other_share_their_rooms_and_come_back_under_their_names()
    {
        var cancel = TestLimit.Token();
        await using var cluster = await ClusterProcesses.StartAsync(2, environment: new Dictionary<string, string>
        {
            ["ROOMGRAINS_Gateway__EgressCapacity"] = "2500000000", ["ROOMGRAINS_Gateway__PublicAddress"] = "live.example",
        });
        var (n1, n2) = (cluster["n1"], cluster["n2"]);
        var first = await cluster.ConnectAsync(n1);
        var second = await cluster.ConnectAsync(n2);

        var room = new RoomKey("chat", "lobby");
        Assert.True((await first.Grains.GetRoom(room).Create(new RoomSettings { Capacity = 5 })).IsDone);
        Assert.Equal(5, (await second.Grains.GetRoom(room).Describe()).ValueOrThrow().Settings.Capacity);

        foreach (var node in await second.Grains.UntilNodes(2, cancel))
        {
            var process = cluster[node.Name];
            Assert.Equal(($"live.example:{process.RtmpPort}", $"127.0.0.1:{process.RtmpPort}"), (node.RtmpAddress, node.RelayAddress));
            Assert.StartsWith($"127.0.0.1:{process.SiloPort}@", node.SiloAddress);
            Assert.Equal((20_000, 2_500_000_000), (node.MaxClients, node.EgressCapacity));
            Assert.InRange(node.MemoryBytes, 1, node.MemoryLimitBytes);
        }

        // Membership knows them by the same names.
        var members = await second.Grains.GetGrain<IManagementGrain>(0).GetDetailedHosts(onlyActive: true, cancel);
        Assert.Equal(["n1", "n2"], members.Select(member => member.SiloName).Order());

        Assert.Equal(0, await cluster.StopAsync("n1"));
        await second.Grains.UntilNodes(1, cancel);
        await cluster.RestartAsync("n1");
        await cluster.StartNodeAsync();
        Assert.Equal(["n1", "n2", "n3"], (await second.Grains.UntilNodes(3, cancel)).Select(node => node.Name));
    }
}
