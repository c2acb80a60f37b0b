using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>A name is one node's.</summary>
public sealed class NodeNameTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task A_second_node_of_a_name_ends_with_words_and_the_first_stays()
    {
        await using var cluster = await ClusterProcesses.StartAsync(1);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.StartNodeAsync(["--name", "n1"]));
        Assert.Contains("The cluster has a living node named n1 already, 127.0.0.1:", error.Message);
        Assert.Contains("Give this one another name (--name)", error.Message);

        var client = await cluster.ConnectAsync();
        var node = Assert.Single(await client.Grains.UntilNodes(1, TestLimit.Token()));
        Assert.StartsWith($"127.0.0.1:{cluster["n1"].SiloPort}@", node.SiloAddress);
    }

    [Fact]
    public async Task A_killed_node_comes_back_at_once_and_also_at_another_address()
    {
        var cancel = TestLimit.Token(240);
        await using var cluster = await ClusterProcesses.StartAsync(2);
        await cluster.KillAsync("n1");
        await cluster.RestartAsync("n1");
        Assert.False(cluster["n1"].Program.HasExited);
        var client = await cluster.ConnectAsync(cluster["n2"]);
        await client.Grains.UntilNodes(2, cancel);

        // On other ports, as a container has it: the predecessor is in the cluster until the others have missed it.
        await cluster.KillAsync("n1");
        var successor = await cluster.StartNodeAsync(["--name", "n1"]);
        await successor.Program.LineAsync(line => line.Contains("Ready.", StringComparison.Ordinal), Limit);
        await Until.Answer(
            () => client.Grains.GetCluster().ListNodes(),
            nodes => nodes.SingleOrDefault(node => node.Name == "n1")?.SiloAddress.StartsWith($"127.0.0.1:{successor.SiloPort}@", StringComparison.Ordinal) == true, cancel);
    }
}
