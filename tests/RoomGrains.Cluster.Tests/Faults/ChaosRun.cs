using System.Globalization;
using RoomGrains.Cluster.Tests.Crowds;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Faults;

/// <summary>
/// The long form of <see cref="FaultTests"/>, which <c>scripts/chaos</c> runs: many rooms and clients, nodes killed at random, then each fault
/// once, and at the end a look at what is left when everybody has gone. Its result is a table in the file that ROOMGRAINS_CHAOS_REPORT names.
/// </summary>
[Collection(OwnCluster.Name)]
public sealed class ChaosRun(ITestOutputHelper output)
{
    private const string Application = "chat";

    private static readonly int Rooms = Number("ROOMS", 30), Clients = Number("CLIENTS", 600), Minutes = Number("MINUTES", 20), Kills = Number("KILLS", 10);

    private readonly string _file = Environment.GetEnvironmentVariable("ROOMGRAINS_CHAOS_REPORT") ?? Path.Combine(Path.GetTempPath(), "roomgrains-chaos.md");
    private readonly CancellationToken _cancel = TestLimit.Token(TimeSpan.FromMinutes(Minutes).TotalSeconds);
    private readonly List<string> _broken = [];

    [Fact(Explicit = true)]
    public async Task Chaos()
    {
        var seed = Seed.Next(output);
        var random = new Random(seed);
        var (networks, whyNot) = await NodeNetworks.TryCreateAsync();
        await using var _ = networks;
        await File.WriteAllTextAsync(_file, "", _cancel);
        Say($"3 nodes, {Rooms} rooms, {Clients} clients, seed {seed}, {Environment.ProcessorCount} cores for all of it\n");
        await using var cluster = await ClusterProcesses.StartAsync(3, networks: networks);
        await using var crowd = new Crowd(seed, FaultStage.NodesOf(cluster));
        var stage = new FaultStage(cluster, crowd);
        await FillAsync(crowd);
        await crowd.SettledAsync(_cancel);
        Say(FaultReport.Head);

        Report(await stage.ObserveAsync("nothing, for 10 s", null, () => WaitAsync(10), _cancel));
        for (var i = 1; i <= Kills; i++)
        {
            await ScatterAsync(stage, random);
            var victim = cluster.Nodes.ElementAt(random.Next(cluster.Nodes.Count));
            Report(await stage.KillAsync($"kill -9 of {victim.Name}, {i} of {Kills} at random", victim, _cancel));
        }
        var room = new RoomKey(Application, "room1");
        await ScatterAsync(stage, random);
        await KillAsync(stage, room, "the origin of a room's streams", await OriginAsync(stage, room));
        await ScatterAsync(stage, random);
        await KillAsync(stage, room, "a relay node", await RelayAsync(stage, room));
        await ScatterAsync(stage, random);
        await KillAsync(stage, room, "the room grain's silo", await stage.View.NodeOfRoomAsync(room, _cancel));
        await ScatterAsync(stage, random);
        await KillAsync(stage, room, "the directory's silo", await stage.View.NodeOfDirectoryAsync(Application, _cancel));
        await StopDatabaseAsync(stage, room);
        await ScatterAsync(stage, random);
        await FreezeAsync(stage, forLong: false);
        await FreezeAsync(stage, forLong: true);
        if (networks is null)
            Say($"\n{whyNot}\n");
        else
        {
            await ScatterAsync(stage, random);
            await CutAsync(stage, networks);
        }
        await ScatterAsync(stage, random);
        await DrainAsync(stage);
        await ScatterAsync(stage, random);
        await RestartAllAsync(stage);
        await LeaveAsync(stage);
        Say($"\n{crowd.ReconnectRequests} reconnect requests. Attempts to connect that failed, and were made again: {crowd.Failures.Values.Sum()}.");
        foreach (var (why, count) in crowd.Failures.OrderByDescending(f => f.Value).Take(12))
            Say($"- {count} times, {why}");
        foreach (var wrong in crowd.WhatWasWrong)
            Broken(wrong);
        Assert.True(_broken.Count == 0, string.Join('\n', _broken));
    }

    private async Task FillAsync(Crowd crowd)
    {
        for (var i = 0; i < Clients; i++)
        {
            // A fifth of a room publishes no more than two streams; all others watch one of them.
            var stream = new StreamKey(new RoomKey(Application, $"room{(i % Rooms) + 1}"), i / Rooms % 2 == 0 ? "alice" : "bob");
            if (i / Rooms < 2)
                crowd.Publish(stream);
            else
                crowd.Play(stream);
            // Not a storm: that is another test's.
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, _cancel);
        }
    }

    /// <summary>A node that has come back has no clients: they come again, to any node.</summary>
    private async Task ScatterAsync(FaultStage stage, Random random)
    {
        stage.Crowd.Scatter(random);
        await stage.Crowd.SettledAsync(_cancel);
        if (await stage.View.UntilAgreedAsync(stage.Crowd, TimeSpan.FromSeconds(30)) is { } left)
            Broken($"After clients have changed places: {left}");
    }

    private async Task KillAsync(FaultStage stage, RoomKey room, string what, NodeProcess node)
    {
        Report(await stage.ObserveAsync($"kill -9 of {what} ({node.Name})", node.Name, async () =>
        {
            await node.KillAsync();
            var joins = await stage.JoinSeveralAsync(room, [.. stage.Cluster.Running], count: 4, _cancel);
            return string.Create(CultureInfo.InvariantCulture, $"new joins all in after {joins.TotalSeconds:0.0} s");
        }, _cancel));
        await stage.Cluster.RestartAsync(node.Name);
    }

    private async Task StopDatabaseAsync(FaultStage stage, RoomKey room)
    {
        var kept = new RoomKey(Application, "kept");
        var grains = await stage.View.ThroughAsync(stage.Cluster.Running.First());
        await grains.GetRoom(kept).Create(new RoomSettings { Capacity = 7, Title = "kept" });
        Report(await stage.ObserveAsync("database killed, started after 10 s", null, async () =>
        {
            await stage.Cluster.Database.StopAsync(kill: true);
            var join = await stage.JoinAsync(room, stage.Cluster.Running.Last(), _cancel);
            await WaitAsync(10);
            await stage.Cluster.Database.StartAsync();
            return string.Create(CultureInfo.InvariantCulture, $"a join without it took {join.TotalSeconds:0.0} s");
        }, _cancel));
        var settings = (await stage.View.AskAsync(g => g.GetRoom(kept).Describe(), _cancel)).Value?.Settings;
        if (settings is not { Capacity: 7, Title: "kept" })
            Broken($"The database lost a room's settings: {settings}");
    }

    private async Task FreezeAsync(FaultStage stage, bool forLong)
    {
        var node = stage.Cluster.Running.First();
        Report(await stage.ObserveAsync(forLong ? $"SIGSTOP of {node.Name} until declared dead, then SIGCONT" : $"SIGSTOP of {node.Name} for 1 s, then SIGCONT", node.Name, async () =>
        {
            var stopped = TimeProvider.System.GetTimestamp();
            node.Program.Signal("STOP");
            if (forLong)
                await stage.UntilDeclaredDeadAsync(node, _cancel);
            else
                await WaitAsync(1);
            var declared = TimeProvider.System.GetElapsedTime(stopped);
            node.Program.Signal("CONT");
            if (!forLong)
                return "";
            await node.Program.ExitAsync(TimeSpan.FromSeconds(60));
            return string.Create(CultureInfo.InvariantCulture, $"declared dead after {declared.TotalSeconds:0.0} s, ended after {TimeProvider.System.GetElapsedTime(stopped).TotalSeconds:0.0} s");
        }, _cancel));
        if (forLong)
            await stage.Cluster.RestartAsync(node.Name);
        else if (node.Program.HasExited)
            Broken("A node that stood still for a second has ended.");
    }

    private async Task CutAsync(FaultStage stage, NodeNetworks networks)
    {
        var (lonely, report) = await PartitionTests.CutAsync(stage, networks, new RoomKey(Application, "torn"), _cancel);
        Report(report);
        await networks.MendAsync(lonely.Name);
        await lonely.Program.ExitAsync(TimeSpan.FromSeconds(60));
        await stage.Cluster.RestartAsync(lonely.Name);
    }

    private async Task DrainAsync(FaultStage stage)
    {
        var node = stage.Cluster.Running.First();
        Report(await stage.ObserveAsync($"drain of {node.Name}", node.Name, () => stage.DrainAsync(node, _cancel), _cancel));
        await stage.Cluster.RestartAsync(node.Name);
    }

    private async Task RestartAllAsync(FaultStage stage) =>
        Report(await stage.ObserveAsync("rolling restart of all nodes", null, async () =>
        {
            foreach (var name in stage.Cluster.Nodes.Select(node => node.Name).ToArray())
            {
                if (await stage.Cluster.StopAsync(name) is not 0 and var code)
                    Broken($"{name} ended with exit code {code}.");
                await stage.Cluster.RestartAsync(name);
            }
            return "";
        }, _cancel));

    /// <summary>Everybody leaves; then the same crowd comes and goes once more, so that what grows with every round is told from what is made once.</summary>
    private async Task LeaveAsync(FaultStage stage)
    {
        Say("\n| node | after | clients, streams, relays | sockets, of them RTMP | threads | resident MiB |\n| --- | --- | --- | --- | --- | --- |");
        var first = await EmptyAsync(stage, "all of that");
        await FillAsync(stage.Crowd);
        await stage.Crowd.SettledAsync(_cancel);
        await WaitAsync(10);
        var second = await EmptyAsync(stage, "the same crowd once more");
        foreach (var (name, figures) in second)
        {
            // The listener. What else there is are pools that fill and empty: they must not grow with the clients.
            if (figures.RtmpSockets != 1 || figures.Sockets > first[name].Sockets + 20)
                Broken($"{name} had {first[name].Sockets} sockets when it was empty, and has {figures.Sockets}, {figures.RtmpSockets} of them for RTMP.");
            if (figures.ResidentMiB > first[name].ResidentMiB * 1.3)
                Broken($"{name} had {first[name].ResidentMiB:0} MiB when it was empty, and has {figures.ResidentMiB:0}.");
        }
    }

    private async Task<Dictionary<string, NodeFigures>> EmptyAsync(FaultStage stage, string after)
    {
        await stage.Crowd.GoHomeAsync();
        if (await stage.UntilEmptyAsync(Application, TimeSpan.FromSeconds(60), _cancel) is { } left)
            Broken($"What is left after {after}: {left}");
        var ports = stage.Cluster.Nodes.Select(node => node.RtmpPort).ToHashSet();
        var figures = stage.Cluster.Running.ToDictionary(node => node.Name, node => NodeFigures.Of(node, ports));
        foreach (var report in await stage.View.NodesAsync(_cancel))
        {
            var of = figures[report.Name];
            Say(string.Create(CultureInfo.InvariantCulture, $"| {report.Name} | {after} | {report.Clients}, {report.Streams}, {report.Relays} | {of.Sockets}, {of.RtmpSockets} | {of.Threads} | {of.ResidentMiB:0} |"));
        }
        return figures;
    }

    private async Task<NodeProcess> OriginAsync(FaultStage stage, RoomKey room)
    {
        var details = (await stage.View.AskAsync(grains => grains.GetRoom(room).Describe(), _cancel)).ValueOrThrow();
        return stage.Cluster[details.Streams[0].Origin];
    }

    private async Task<NodeProcess> RelayAsync(FaultStage stage, RoomKey room)
    {
        var details = (await stage.View.AskAsync(grains => grains.GetRoom(room).Describe(), _cancel)).ValueOrThrow();
        var origins = details.Streams.Select(s => s.Origin).ToHashSet();
        return stage.Cluster.Running.FirstOrDefault(node => !origins.Contains(node.Name)) ?? stage.Cluster.Running.First(node => node.Name != details.Streams[0].Origin);
    }

    private void Report(FaultReport report)
    {
        Say($"{report}");
        if (report.Disagreement is { } what)
            Broken($"{report.Fault}: {what}");
        foreach (var wrong in report.WhatWasWrong)
            Broken($"{report.Fault}: {wrong}");
    }

    private void Say(string line)
    {
        output.WriteLine(line);
        File.AppendAllText(_file, line + "\n");
    }

    private void Broken(string what)
    {
        if (!_broken.Contains(what))
            _broken.Add(what);
    }

    private async Task<string> WaitAsync(double seconds)
    {
        await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System, _cancel);
        return "";
    }

    private static int Number(string name, int otherwise) =>
        Environment.GetEnvironmentVariable($"ROOMGRAINS_CHAOS_{name}") is { Length: > 0 } set ? int.Parse(set, CultureInfo.InvariantCulture) : otherwise;
}
