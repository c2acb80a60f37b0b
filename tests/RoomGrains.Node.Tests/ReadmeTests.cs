using System.Text.RegularExpressions;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary>README's commands do what README says.</summary>
public sealed partial class ReadmeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly string Readme = File.ReadAllText(Repository.PathOf("README.md"));

    private static string[] Commands =>
        [.. ShellBlock().Matches(Readme).SelectMany(block => block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    [Fact]
    public async Task The_quick_start_works_as_written()
    {
        var folder = Directory.CreateTempSubdirectory("roomgrains-");
        var ports = FreePort.Several(5);
        var shell = new Shell(ports[0], new Dictionary<string, string>
        {
            ["ROOMGRAINS_RTMP_PORT"] = $"{ports[0]}", ["ROOMGRAINS_HTTP_PORT"] = $"{ports[1]}", ["ROOMGRAINS_ADMIN_PORT"] = $"{ports[2]}",
            ["ROOMGRAINS_SILO_PORT"] = $"{ports[3]}", ["ROOMGRAINS_GATEWAY_PORT"] = $"{ports[4]}", ["ROOMGRAINS_DATA"] = folder.FullName,
            ["ROOMGRAINS_CONNECT"] = $"127.0.0.1:{ports[4]}", ["SDL_VIDEODRIVER"] = "dummy", ["SDL_AUDIODRIVER"] = "dummy",
            // Build servers would outlive the script and hold its output open.
            ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false",
        });
        var left = Commands.ToList();

        await using var node = shell.Start(Next("scripts/run"));
        await node.LineAsync(line => line.StartsWith("Ready.", StringComparison.Ordinal), Limit);
        await using var publisher = shell.Start(Next("ffmpeg -re"));
        await using var player = shell.Start(Next("ffplay"));
        await player.LineAsync(line => line.Contains("A-V:", StringComparison.Ordinal), Limit);

        var show = Next("scripts/roomctl rooms show chat/lobby");
        string shown;
        do
            shown = await shell.RunAsync(show);
        while (!LiveRoom().IsMatch(shown) && !publisher.HasExited && !player.HasExited);
        Assert.Matches(LiveRoom(), shown);

        Assert.Contains("0 of 3 seats taken, 0 streams, waiting room on, deadline 5m, permanent", await shell.RunAsync(Next("scripts/roomctl rooms create chat/vip")));
        await using var waiting = Ffmpeg.Publish($"rtmp://127.0.0.1:{ports[0]}/chat/vip/bob");
        var list = Next("scripts/roomctl pending list");
        string pending;
        do
            pending = await shell.RunAsync(list);
        while (!pending.Contains("chat/vip", StringComparison.Ordinal) && !waiting.HasExited);
        Assert.Matches(@"(?m)^[0-9a-z]{26}  chat/vip +\S+ +\S+ +approval +pending", pending);

        // CI calls the same script that README names.
        Assert.Contains(Next("scripts/test"), await File.ReadAllTextAsync(Repository.PathOf(".ci", "run"), TestContext.Current.CancellationToken));
        Assert.Empty(left);

        node.Signal("TERM");
        Assert.Equal(0, await node.ExitAsync(Limit));
        folder.Delete(recursive: true);

        string Next(string beginning)
        {
            var command = left.FirstOrDefault(line => line.StartsWith(beginning, StringComparison.Ordinal));
            Assert.True(command is not null, $"README has no command '{beginning} …'.");
            left.Remove(command);
            return command;
        }
    }

    [Theory]
    [InlineData("run")]
    [InlineData("roomctl")]
    [InlineData("cluster")]
    [InlineData("test")]
    [InlineData("packages")]
    [InlineData("bench")]
    [InlineData("try-clients")]
    public async Task Every_script_has_help_and_runs_from_anywhere(string script)
    {
        await using var help = RunningProgram.Start("bash", ["-c", $"cd / && exec '{Repository.PathOf("scripts", script)}' --help"],
            environment: new Dictionary<string, string> { ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false" });
        Assert.Equal(0, await help.ExitAsync(Limit));
        Assert.Contains("Usage:", help.Output);
    }

    [Fact]
    public void Every_script_is_bash_that_stops_at_errors_and_is_spoken_of_here()
    {
        foreach (var file in Directory.GetFiles(Repository.PathOf("scripts")))
        {
            var text = File.ReadAllText(file);
            Assert.StartsWith("#!/usr/bin/env bash\n", text);
            Assert.Contains("\nset -euo pipefail\n", text);
        }
        Assert.All(ScriptName().Matches(Readme).Select(match => match.Groups[1].Value), name => Assert.True(File.Exists(Repository.PathOf("scripts", name)), $"README names scripts/{name}."));
    }

    [Fact]
    public void Every_list_of_packages_that_a_script_installs_is_there()
    {
        var packages = File.ReadAllText(Repository.PathOf("scripts", "packages"));
        var lists = Directory.GetFiles(Repository.PathOf("scripts")).SelectMany(file => PackageList().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).ToArray();
        Assert.NotEmpty(lists);
        Assert.All(lists, list => Assert.Contains($"\n  {list}) ", packages.Replace(")\n", ") ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_file_that_README_links_is_there() => Assert.All(Link().Matches(Readme).Select(match => match.Groups[1].Value),
        path => Assert.True(Path.Exists(Repository.PathOf(path)), $"README links {path}."));

    private sealed class Shell(int rtmpPort, Dictionary<string, string> environment)
    {
        public RunningProgram Start(string command) => RunningProgram.Start("bash",
            ["-c", command.Replace("scripts/", Repository.PathOf("scripts") + "/", StringComparison.Ordinal).Replace("rtmp://127.0.0.1/", $"rtmp://127.0.0.1:{rtmpPort}/", StringComparison.Ordinal)],
            environment: environment);

        public async Task<string> RunAsync(string command)
        {
            for (var attempt = 1; ; attempt++)
            {
                await using var program = Start(command);
                var code = await program.ExitAsync(Limit);
                // A machine that is busy with all of this may not answer within roomctl's ten seconds, which says to try again.
                if (code == Cli.ExitCodes.Unreachable && attempt < 5)
                    continue;
                Assert.True(code == 0, $"{command}: exit code {code}: {program.Output}");
                return program.Output;
            }
        }
    }

    [GeneratedRegex(@"^```sh\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex ShellBlock();

    [GeneratedRegex(@"2 of 80 seats taken, 1 stream, .*^alice +\S*264\S* 640x360 [\d.]+ fps +AAC\S* +\d\S* [kM]bit/s +1 ", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex LiveRoom();

    // At the start of a line, for that is where it runs; elsewhere it is spoken of.
    [GeneratedRegex(@"^(?:""\$root/)?scripts/packages""? ([a-z-]+)", RegexOptions.Multiline)]
    private static partial Regex PackageList();

    [GeneratedRegex(@"scripts/([a-z-]+)")]
    private static partial Regex ScriptName();

    [GeneratedRegex(@"\]\(([^)#:]+)\)")]
    private static partial Regex Link();
}
