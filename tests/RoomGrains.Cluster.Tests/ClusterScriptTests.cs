using System.Globalization;
using System.Text.RegularExpressions;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary><c>scripts/cluster</c>, as somebody uses it who wants to see a cluster.</summary>
public sealed partial class ClusterScriptTests
{
    // It builds in Release first.
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task It_starts_a_cluster_goes_on_when_a_node_dies_and_ends_all_it_started()
    {
        Assert.SkipUnless(Directory.Exists("/usr/lib/postgresql"), "PostgreSQL is not installed (apt install postgresql).");
        var environment = new Dictionary<string, string> { ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false" };
        var (script, data, port) = await StartAsync(environment);
        await using var running = script;

        var nodes = Node().Matches(script.Output).Select(match => match.Groups.Values.Skip(1).Select(group => int.Parse(group.Value, CultureInfo.InvariantCulture)).ToArray()).ToArray();
        Assert.Equal([1, 2], nodes.Select(node => node[0]));
        foreach (var node in nodes)
            Assert.Equal([0, 1000, 2000, 3000, 4000], node[2..7].Select(p => p - port - node[0] + 1));
        // Nobody reads the secrets in a list of processes.
        Assert.All(nodes, node => Assert.DoesNotContain("Password", File.ReadAllText($"/proc/{node[1]}/cmdline")));
        var database = int.Parse(Database().Match(script.Output).Groups[1].Value, CultureInfo.InvariantCulture);

        await using (var list = RunningProgram.Start("bash", [Repository.PathOf("scripts", "roomctl"), "nodes", "list", "--timeout", "60s"], environment: environment))
        {
            Assert.Equal(0, await list.ExitAsync(BuildLimit));
            Assert.Contains($"127.0.0.1:{port}", list.Output);
            Assert.Contains($"127.0.0.1:{port + 1}", list.Output);
        }

        Kill(nodes[1][1], "KILL");
        await script.LineAsync(line => line.StartsWith($"n2 (process {nodes[1][1]}) ended with exit code 137; 1 of 2 run on.", StringComparison.Ordinal), Limit);
        Assert.True(Lives(nodes[0][1]));
        Assert.Contains("Ready.", await File.ReadAllTextAsync(Path.Combine(data.FullName, "n2", "log"), TestContext.Current.CancellationToken));

        script.Signal("TERM");
        Assert.Equal(0, await script.ExitAsync(Limit));
        Assert.All((int[])[nodes[0][1], nodes[1][1], database], id => Assert.False(Lives(id), $"process {id} still runs"));
        data.Delete(recursive: true);
    }

    // The first has to build for minutes, in which another program may take one of the ports; the next starts at once.
    private static async Task<(RunningProgram Script, DirectoryInfo Data, int Port)> StartAsync(Dictionary<string, string> environment)
    {
        for (var attempts = 1; ; attempts++)
        {
            // No folder for this user alone, as temporary ones are: PostgreSQL runs as another where this one is root.
            var data = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"roomgrains-script-{ConnectionId.New()}"));
            var port = await BasePortAsync();
            var script = RunningProgram.Start("bash", [Repository.PathOf("scripts", "cluster"), "2", "--base-port", $"{port}", "--data", data.FullName], environment: environment);
            try
            {
                await script.LineAsync(line => line.StartsWith("Ready.", StringComparison.Ordinal), BuildLimit);
                return (script, data, port);
            }
            catch (Exception e)
            {
                await script.DisposeAsync();
                if (attempts == 5 || !e.Message.Contains("is in use by another program", StringComparison.Ordinal))
                    throw;
                data.Delete(recursive: true);
            }
        }
    }

    // Five ranges of two ports that are free: it takes one base for all.
    private static async Task<int> BasePortAsync()
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var port = FreePort.Next();
            if (port + 4001 < 32_000 && (await Task.WhenAll(Enumerable.Range(0, 10).Select(i => RefusesAsync(port + (i / 2 * 1000) + (i % 2))))).All(refuses => refuses))
                return port;
        }
        throw new InvalidOperationException("No ports are free.");
    }

    private static async Task<bool> RefusesAsync(int port)
    {
        using var client = new System.Net.Sockets.TcpClient();
        try
        {
            await client.ConnectAsync(System.Net.IPAddress.Loopback, port, TestContext.Current.CancellationToken);
            return false;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return true;
        }
    }

    private static bool Lives(int id) => Directory.Exists($"/proc/{id}") && !File.ReadAllText($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);

    private static void Kill(int id, string signal)
    {
        using var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", $"{id}"]);
        kill.WaitForExit();
    }

    [GeneratedRegex(@"^n([0-9]+) +([0-9]+) +([0-9]+) +([0-9]+) +([0-9]+) +([0-9]+) +([0-9]+) +/", RegexOptions.Multiline)]
    private static partial Regex Node();

    [GeneratedRegex(@"^PostgreSQL: process ([0-9]+), port ", RegexOptions.Multiline)]
    private static partial Regex Database();
}
