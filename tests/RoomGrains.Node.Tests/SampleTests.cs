using System.IO.Compression;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary>The program that README shows to users, and the package that it needs.</summary>
public sealed class SampleTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly string Source = Repository.PathOf("tests", "RoomGrains.Sample", "Program.cs");

    private static DirectoryInfo Output => new(AppContext.BaseDirectory);

    [Fact]
    public void README_shows_the_sample_as_it_is_and_it_is_short()
    {
        var sample = File.ReadAllText(Source);
        Assert.Contains($"```csharp\n{sample}```\n", File.ReadAllText(Repository.PathOf("README.md")));
        Assert.InRange(sample.AsSpan().Count('\n'), 1, 40);
    }

    [Fact]
    public async Task README_shows_the_sample_application_as_it_is_and_a_node_runs_it()
    {
        var sample = File.ReadAllText(Repository.PathOf("tests", "RoomGrains.SampleApplication", "ClassApplication.cs"));
        Assert.Contains($"```csharp\n{sample}```\n", File.ReadAllText(Repository.PathOf("README.md")));
        var plugin = Repository.PathOf("tests", "RoomGrains.SampleApplication", "bin", Output.Parent!.Name, Output.Name, "RoomGrains.SampleApplication.dll");
        await using var node = await NodeProcess.StartAsync(environment: new Dictionary<string, string> { ["ROOMGRAINS_Node__Plugins"] = plugin });
        await using var pupil = Ffmpeg.Publish(node.Rtmp("class/algebra/bob"));
        using var client = RoomGrainsClient.CreateHost(new ClusterOptions(), node.ClientGateway).ConfigureLogging(logging => logging.ClearProviders()).Build();
        await client.StartAsync(TestContext.Current.CancellationToken);
        var grains = client.Services.GetRequiredService<IClusterClient>();
        PendingSummary? waiting;
        do
            waiting = (await grains.GetDirectory("class").ListPending()).SingleOrDefault(pending => pending.WaitsFor == "onConnect");
        while (waiting is null);
        // Who lets a pupil in needs not be the teacher; but it has no hand up, and may not publish.
        Assert.True((await grains.GetPending(waiting.Id).Approve("anna")).IsDone);
        Assert.NotEqual(0, await pupil.ExitAsync(Limit));
        Assert.Contains("Raise your hand", pupil.Output);
    }

    [Theory, InlineData("nowhere.dll", "There is no"), InlineData("RoomGrains.Abstractions.dll", "names nothing to start"), InlineData("roomgrains.runtimeconfig.json", "is no assembly")]
    public async Task What_is_no_plugin_is_told_at_the_start(string file, string words)
    {
        var plugin = Path.Combine(Path.GetDirectoryName(NodeProcess.ProgramFile)!, file);
        await using var node = RunningProgram.Start("dotnet", [NodeProcess.ProgramFile, "--data", Directory.CreateTempSubdirectory("roomgrains-plugin-").FullName],
            environment: new Dictionary<string, string> { ["ROOMGRAINS_Node__Plugins"] = plugin });
        Assert.NotEqual(0, await node.ExitAsync(Limit));
        Assert.Contains(words, node.Output);
    }

    [Fact]
    public async Task The_sample_lists_rooms_watches_one_and_lets_in_who_waits()
    {
        await using var node = await NodeProcess.StartAsync();
        await using var create = RunningProgram.Start("dotnet",
            [Repository.ProgramOf("RoomGrains.Cli", "roomctl.dll"), "rooms", "create", "chat/vip", "--capacity", "3", "--waiting-room", "on", "--timeout", "1m", "--connect", $"{node.ClientGateway}"]);
        Assert.Equal(0, await create.ExitAsync(Limit));
        await using var sample = RunningProgram.Start("dotnet",
            [Repository.PathOf("tests", "RoomGrains.Sample", "bin", Output.Parent!.Name, Output.Name, "RoomGrains.Sample.dll"), $"{node.ClientGateway}"]);
        await sample.LineAsync(line => line.StartsWith("chat/vip: 0 of 3 seats taken, 0 streams", StringComparison.Ordinal), Limit);

        await using var publisher = Ffmpeg.Publish(node.Rtmp("chat/vip/bob"));
        await sample.LineAsync(line => line.EndsWith(" is in.", StringComparison.Ordinal), Limit);
        await sample.LineAsync(line => line.StartsWith("chat/vip: MemberJoined ", StringComparison.Ordinal), Limit);
        await sample.LineAsync(line => line == "chat/vip: StreamStarted bob", Limit);
        publisher.Signal("INT");
        await sample.LineAsync(line => line.StartsWith("chat/vip: MemberLeft ", StringComparison.Ordinal), Limit);
    }

    [Theory, InlineData("RoomGrains.Abstractions"), InlineData("RoomGrains.Rtmp")]
    public async Task The_packages_have_what_their_users_need(string project)
    {
        var folder = Directory.CreateTempSubdirectory("roomgrains-package-");
        await using var pack = RunningProgram.Start("dotnet",
            ["pack", Repository.PathOf("src", project), "--no-build", "-c", Output.Parent!.Name, "-o", folder.FullName, "--nologo"],
            environment: new Dictionary<string, string> { ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false" });
        Assert.True(await pack.ExitAsync(Limit) == 0, pack.Output);
        Assert.Contains($"lib/net10.0/{project}.pdb", Entries("*.snupkg"));
        var entries = Entries("*.nupkg");
        Assert.Superset(new HashSet<string> { "README.md", $"{project}.nuspec", $"lib/net10.0/{project}.dll", $"lib/net10.0/{project}.xml" }, entries);
        folder.Delete(recursive: true);

        HashSet<string> Entries(string pattern)
        {
            using var package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(folder.FullName, pattern)));
            return [.. package.Entries.Select(entry => entry.FullName)];
        }
    }
}
