using RoomGrains.Cli;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary>What an operator does before the first node of a cluster starts, and what the node says when he did not.</summary>
public sealed class DatabaseCommandTests(PostgresServer server) : IClassFixture<PostgresServer>, IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task Init_makes_what_check_and_nodes_find_missing()
    {
        var database = await server.NewDatabase();
        var environment = new Dictionary<string, string> { ["ROOMGRAINS_Cluster__ConnectionString"] = database };
        var (code, output) = await RoomCtlAsync(["database", "check"], environment);
        Assert.Equal(ExitCodes.Refused, code);
        Assert.StartsWith("roomctl: The PostgreSQL database 'test_", output);
        Assert.Contains("lacks table orleansquery, ", output);
        Assert.Contains("roomctl database init", output);

        var ports = FreePort.Several(5);
        environment["ROOMGRAINS_Cluster__Secret"] = new string('s', 32);
        await using (var node = RunningProgram.Start("dotnet",
            [NodeProcess.ProgramFile, "--data", Path.GetTempPath(), "--advertise", "127.0.0.1", "--rtmp-port", $"{ports[0]}", "--http-port", $"{ports[1]}", "--admin-port", $"{ports[2]}",
            "--silo-port", $"{ports[3]}", "--gateway-port", $"{ports[4]}"], environment: environment))
        {
            Assert.Equal(1, await node.ExitAsync(Limit));
            Assert.Equal(output.Replace("roomctl: ", "roomgrains: ", StringComparison.Ordinal), node.Output);
        }

        Assert.Equal(ExitCodes.Done, (await RoomCtlAsync(["database", "init"], environment)).Code);
        // A node's settings file does as well, comments and all.
        await File.WriteAllTextAsync(_file, $$"""
            // Ours.
            { "Node": { "Name": "n1" }, "Cluster": { "ConnectionString": "{{database}}", } }
            """, TestContext.Current.CancellationToken);
        (code, output) = await RoomCtlAsync(["database", "init", "--config", _file]);
        Assert.Equal((ExitCodes.Done, true), (code, output.Contains(" is ready: tables of version ", StringComparison.Ordinal)));
        (code, output) = await RoomCtlAsync(["database", "check", "--config", _file, "--json"]);
        Assert.Equal((ExitCodes.Done, true), (code, output.Contains("\"schemaVersion\": ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_it_cannot_do_is_told_and_has_its_exit_code()
    {
        Assert.Equal(ExitCodes.Usage, (await RoomCtlAsync(["database", "check"])).Code);
        var (code, output) = await RoomCtlAsync(["database", "check", "--config", "/no/such/file.json"]);
        Assert.Equal((ExitCodes.Usage, true), (code, output.Contains("/no/such/file.json can't be read", StringComparison.Ordinal)));
        await File.WriteAllTextAsync(_file, "{}", TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Usage, (await RoomCtlAsync(["database", "check", "--config", _file])).Code);

        (code, output) = await RoomCtlAsync(["database", "init"], new() { ["ROOMGRAINS_Cluster__ConnectionString"] = $"Host=127.0.0.1;Port={FreePort.Next()};Username=u;Password=secret;Database=d" });
        Assert.Equal(ExitCodes.Unreachable, code);
        Assert.DoesNotContain("secret", output);
        Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<(int Code, string Output)> RoomCtlAsync(string[] arguments, Dictionary<string, string>? environment = null)
    {
        await using var program = RunningProgram.Start("dotnet", [Repository.ProgramOf("RoomGrains.Cli", "roomctl.dll"), .. arguments, "--timeout", "50s"], environment: environment);
        return (await program.ExitAsync(Limit), program.Output);
    }
}
