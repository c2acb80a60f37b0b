using RoomGrains.Grains.Tests.Rooms;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Nodes;

/// <summary>Of two nodes of one name the cluster hears the elder.</summary>
public sealed class NodeNameTests
{
    [Fact]
    public async Task The_younger_of_two_nodes_of_one_name_is_refused_in_whichever_order_they_report()
    {
        await using var cluster = await GrainCluster.Start(1);
        var observer = new FakeNode(cluster.Client, "n1").Observer;
        // Generations to come: below the oldest silo that it knows, membership takes all for dead.
        const string Elder = "10.0.0.2:11111@2000000100";
        const string Younger = "10.0.0.1:11111@2000000200";

        Assert.True((await ReportAsync(Younger)).IsDone);
        Assert.True((await ReportAsync(Elder)).IsDone);
        var refused = await ReportAsync(Younger);
        Assert.Equal(RefusalCode.NodeNameTaken, refused.Refusal!.Code);
        Assert.Contains(Elder, refused.Refusal.Message, StringComparison.Ordinal);
        Assert.True((await ReportAsync(Elder)).IsDone);
        Assert.Equal(Elder, Assert.Single(await cluster.Client.GetCluster().ListNodes()).SiloAddress);
        // Another name is another node.
        Assert.True((await ReportAsync(Younger, "n2")).IsDone);

        async Task<Answer> ReportAsync(string silo, string name = "n1") =>
            (await cluster.Client.GetCluster().ReportNode(new NodeReport { Name = name, SiloAddress = silo }, observer)).Refusal is { } refusal ? refusal : Answer.Done;
    }
}
