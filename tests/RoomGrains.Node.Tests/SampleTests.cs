using System.IO.Compression;
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
