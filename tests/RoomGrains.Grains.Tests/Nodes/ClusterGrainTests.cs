using RoomGrains.Grains.Tests.Rooms;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Nodes;

/// <summary>What the cluster's grain does with nodes. It has a cluster of its own: nodes of other tests would be chosen, too.</summary>
public sealed class ClusterGrainTests : IAsyncLifetime
{
    private GrainCluster _cluster = null!;

    private IClusterGrain Cluster => _cluster.Client.GetCluster();

    public async ValueTask InitializeAsync() => _cluster = await GrainCluster.Start(new GrainClusterOptions { OwnClock = true });

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private async Task<FakeNode> Node(string name, double cpu, bool draining = false, string role = "gateway")
    {
        var node = new FakeNode(_cluster.Client, name)
        {
            Load = new NodeReport { Name = "", Roles = [role], CpuCores = cpu, Cores = 1, Draining = draining, At = _cluster.Clock!.GetUtcNow() },
        };
        await node.Register();
        return node;
    }

    [Fact]
    public async Task A_client_is_sent_to_the_least_loaded_gateway_that_does_not_drain()
    {
        await Node("busy", 0.9);
        await Node("idle", 0.1);
        await Node("leaving", 0, draining: true);
        await Node("worker", 0, role: "worker");
        Assert.Equal("idle", (await Cluster.FindGateway(except: null)).ValueOrThrow().Name);
        Assert.Equal("busy", (await Cluster.FindGateway(except: "idle")).ValueOrThrow().Name);
    }

    [Fact]
    public async Task A_crowd_that_asks_at_once_is_spread_over_the_gateways()
    {
        await Node("a", 0.1);
        await Node("b", 0.12);
        var sent = (await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Cluster.FindGateway(null)))).CountBy(g => g.ValueOrThrow().Name).ToDictionary();
        Assert.InRange(sent["a"], 50, 52);
        Assert.InRange(sent["b"], 48, 50);
    }

    [Fact]
    public async Task Where_there_is_no_other_gateway_it_says_so()
    {
        await Node("only", 0);
        Assert.Equal(RefusalCode.Unavailable, (await Cluster.FindGateway("only")).Refusal!.Code);
    }

    [Fact]
    public async Task A_node_that_shall_leave_is_told()
    {
        var (a, b) = (await Node("a", 0), await Node("b", 0));
        Assert.True((await Cluster.DrainNode("a", TimeSpan.FromMinutes(2))).IsDone);
        await Until.True(() => a.Drains.Contains(TimeSpan.FromMinutes(2)), "the node was told");
        Assert.Empty(b.Drains);
        Assert.Equal(RefusalCode.UnknownNode, (await Cluster.DrainNode("c", TimeSpan.Zero)).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidSetting, (await Cluster.DrainNode("a", TimeSpan.FromDays(2))).Refusal!.Code);
    }
}
