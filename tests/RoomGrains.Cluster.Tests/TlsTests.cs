using Npgsql;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>A cluster with TLS: nodes and clients with a certificate of its authority are in, everybody else is out.</summary>
public sealed class TlsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task Only_who_has_a_certificate_of_the_clusters_authority_is_a_node_or_may_ask()
    {
        using var ours = new TlsFiles("ours");
        using var theirs = new TlsFiles("theirs");
        var cancel = TestLimit.Token(300);
        await using var cluster = await ClusterProcesses.StartAsync(2, environment: ours.Variables("node"));
        var (n1, n2) = (cluster["n1"], cluster["n2"]);

        // A client with a certificate is served, by both nodes, whichever has the grain.
        var (certificate, key) = ours.Make("client");
        var options = new ClusterOptions { TlsCertificate = certificate, TlsKey = key, TlsAuthority = ours.AuthorityFile };
        await using var first = await GrainClient.ConnectAsync(options, n1);
        await using var second = await GrainClient.ConnectAsync(options, n2);
        foreach (var i in Enumerable.Range(0, 10))
        {
            var room = new RoomKey("chat", $"room{i}");
            Assert.True((await first.Grains.GetRoom(room).Create(new RoomSettings { Title = new string('t', 200) })).IsDone);
            Assert.Equal(200, (await second.Grains.GetRoom(room).Describe()).ValueOrThrow().Settings.Title!.Length);
        }
        await first.Grains.UntilNodes(2, cancel);
        Assert.Equal(0, (await ListAsync(n1, ours.Variables("admin"))).Code);

        // Without one, or with another authority's, neither a client nor a node.
        Assert.Equal(3, (await ListAsync(n1, [])).Code);
        Assert.Equal(3, (await ListAsync(n1, theirs.Variables("admin"))).Code);
        await n1.Program.LineAsync(line => line.Contains("[1400]", StringComparison.Ordinal) && line.Contains("TLS with 127.0.0.1:", StringComparison.Ordinal), Limit);
        foreach (var variables in (Dictionary<string, string>[])[theirs.Variables("node"), new() { ["ROOMGRAINS_Cluster__TlsCertificate"] = "", ["ROOMGRAINS_Cluster__TlsKey"] = "", ["ROOMGRAINS_Cluster__TlsAuthority"] = "" }])
        {
            // The others cannot reach it, and vote it out while it still tries to join.
            var error = await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.StartNodeAsync(environment: variables));
            Assert.Contains("ended without the line", error.Message);
        }
        Assert.Equal(["n1", "n2"], (await first.Grains.GetCluster().ListNodes()).Select(node => node.Name));
        Assert.Equal(2L, await ActiveAsync(cluster, cancel));
    }

    private static async Task<(int Code, string Output)> ListAsync(NodeProcess node, Dictionary<string, string> variables)
    {
        await using var list = RunningProgram.Start("dotnet",
            [Repository.ProgramOf("RoomGrains.Cli", "roomctl.dll"), "nodes", "list", "--connect", $"127.0.0.1:{node.ClientGatewayPort}", "--timeout", "30s"], environment: variables);
        return (await list.ExitAsync(Limit), list.Output);
    }

    private static async Task<long> ActiveAsync(ClusterProcesses cluster, CancellationToken cancel)
    {
        await using var connection = new NpgsqlConnection(cluster.ConnectionString);
        await connection.OpenAsync(cancel);
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM OrleansMembershipTable WHERE Status = {(int)SiloStatus.Active}", connection);
        return (long)(await command.ExecuteScalarAsync(cancel))!;
    }
}
