using System.Globalization;
using System.Net;
using Npgsql;
using RoomGrains.Cluster.Tests.Crowds;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Faults;

/// <summary>A cluster and its crowd: whatever is done to the one, what the other saw is told.</summary>
internal sealed class FaultStage(ClusterProcesses cluster, Crowd crowd)
{
    /// <summary>How long the slowest recovery may take before it is called none: failure detection, leases and reconnects together are far below.</summary>
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(60), AgreementLimit = TimeSpan.FromSeconds(30);

    /// <summary>The crowd.</summary>
    public Crowd Crowd => crowd;

    /// <summary>The cluster.</summary>
    public ClusterProcesses Cluster => cluster;

    /// <summary>What the cluster says of itself.</summary>
    public ClusterView View { get; } = new(cluster);

    /// <summary>The nodes as clients know them.</summary>
    public static IEnumerable<CrowdNode> NodesOf(ClusterProcesses cluster) =>
        cluster.Nodes.Select(node => new CrowdNode(node.Name, new IPEndPoint(node.Address, node.RtmpPort)));

    /// <summary>Does something to the cluster, and returns what it did to the crowd when all is well again, or is not within a minute.</summary>
    /// <param name="fault">What it is, in words.</param>
    /// <param name="node">The node that it hits; null when none in particular.</param>
    /// <param name="inject">Does it. What it returns is noted.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<FaultReport> ObserveAsync(string fault, string? node, Func<Task<string>> inject, CancellationToken cancel)
    {
        await crowd.SettledAsync(cancel);
        var before = await View.SeatsAsync(crowd.Rooms, cancel);
        var (origins, misled, wrong) = (crowd.Origins(), crowd.MisledFrames, crowd.WhatWasWrong.Count);
        crowd.BeginWindow();
        var note = await inject();
        var done = TimeProvider.System.GetTimestamp();
        string? trouble = null;
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel))
        {
            patience.CancelAfter(RecoveryLimit);
            try
            {
                await crowd.SettledAsync(patience.Token);
            }
            catch (TimeoutException e) when (!cancel.IsCancellationRequested)
            {
                trouble = e.Message;
            }
        }
        trouble ??= await View.UntilAgreedAsync(crowd, AgreementLimit);
        var recovery = TimeProvider.System.GetElapsedTime(done);
        var figures = crowd.EndWindow(origins);
        var after = await View.SeatsAsync(crowd.Rooms, cancel);
        return new FaultReport(fault, node ?? "", figures, before, after, crowd.MisledFrames - misled, [.. crowd.WhatWasWrong.Skip(wrong)], trouble, recovery, note);
    }

    /// <summary>Kills a node; when all is well again it is started anew, so that the next fault finds all nodes.</summary>
    public async Task<FaultReport> KillAsync(string fault, NodeProcess node, CancellationToken cancel)
    {
        var report = await ObserveAsync(fault, node.Name, async () =>
        {
            await node.KillAsync();
            return "";
        }, cancel);
        await cluster.RestartAsync(node.Name);
        return report;
    }

    /// <summary>Drains a node, and returns when its process has ended; a code other than 0 is a failure.</summary>
    public async Task<string> DrainAsync(NodeProcess node, CancellationToken cancel)
    {
        var started = TimeProvider.System.GetTimestamp();
        var asked = crowd.ReconnectRequests;
        var drained = await View.AskAsync(grains => grains.GetCluster().DrainNode(node.Name, TimeSpan.FromSeconds(20)), cancel);
        Assert.Null(drained.Refusal);
        var code = await node.Program.ExitAsync(TimeSpan.FromSeconds(60));
        Assert.True(code == 0, $"{node.Name} ended with exit code {code}:\n{node.Program.Output}");
        return string.Create(CultureInfo.InvariantCulture,
            $"gone after {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s, {crowd.ReconnectRequests - asked} clients asked to reconnect");
    }

    /// <summary>Waits until nobody is anywhere any more.</summary>
    /// <returns>What is left when the limit has passed; null when nothing is.</returns>
    public async Task<string?> UntilEmptyAsync(string application, TimeSpan limit, CancellationToken cancel)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var nodes = await View.NodesAsync(cancel);
            var rooms = await View.AskAsync(grains => grains.GetDirectory(application).ListRooms(), cancel);
            var left = nodes.Where(n => n.Clients + n.Streams + n.Relays + n.Players > 0).Select(n => $"{n.Name}: {n.Clients} clients, {n.Streams} streams, {n.Players} players, {n.Relays} relays")
                .Concat(rooms.Where(r => !r.Permanent).Select(r => $"{r.Room}: {r.Members} members")).ToArray();
            if (left.Length == 0)
                return null;
            if (TimeProvider.System.GetElapsedTime(started) > limit)
                return string.Join("; ", left);
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancel);
        }
    }

    /// <summary>Makes a room for a moment, so that its grain is somewhere.</summary>
    public async Task OpenAsync(RoomKey room, CancellationToken cancel) => await JoinAsync(room, cluster.Running.First(), cancel);

    /// <summary>A publisher, and players on every node.</summary>
    public void Populate(StreamKey stream, string origin, int playersOnEachNode)
    {
        crowd.Publish(stream, origin);
        foreach (var node in cluster.Nodes)
            for (var i = 0; i < playersOnEachNode; i++)
                crowd.Play(stream, node.Name);
    }

    /// <summary>Returns when the other nodes have agreed that a node's silo is dead.</summary>
    public async Task UntilDeclaredDeadAsync(NodeProcess node, CancellationToken cancel)
    {
        // From the table itself: a grain that is asked may be the frozen node's.
        await using var connection = new NpgsqlConnection(cluster.ConnectionString);
        await connection.OpenAsync(cancel);
        await using var active = new NpgsqlCommand("SELECT count(*) FROM OrleansMembershipTable WHERE SiloName = @name AND Status = @active", connection);
        active.Parameters.AddWithValue("name", node.Name);
        active.Parameters.AddWithValue("active", (int)SiloStatus.Active);
        while (await active.ExecuteScalarAsync(cancel) is not 0L)
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancel);
    }

    /// <summary>Several clients join through each of these nodes, half a second apart.</summary>
    /// <returns>From now until the last of those who tried in the first moment was in.</returns>
    public async Task<TimeSpan> JoinSeveralAsync(RoomKey room, IReadOnlyList<NodeProcess> nodes, int count, CancellationToken cancel)
    {
        var joins = await Task.WhenAll(Enumerable.Range(0, count).SelectMany(i => nodes.Select(async node =>
        {
            var begins = TimeSpan.FromMilliseconds(500 * i);
            await Task.Delay(begins, TimeProvider.System, cancel);
            return begins + await JoinAsync(room, node, cancel);
        })));
        return joins.Max();
    }

    /// <summary>How long it takes until a new client is in a room: it tries again as clients do.</summary>
    public async Task<TimeSpan> JoinAsync(RoomKey room, NodeProcess node, CancellationToken cancel)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                var target = new CrowdNode(node.Name, new IPEndPoint(node.Address, node.RtmpPort));
                await using var connection = await CrowdConnection.OpenAsync(target, $"{room}", canMove: false, _ => { }, cancel);
                return TimeProvider.System.GetElapsedTime(started);
            }
            catch (Exception e) when (!cancel.IsCancellationRequested && e is IOException or System.Net.Sockets.SocketException or Rtmp.Client.RtmpRejectedException or OperationCanceledException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancel);
            }
        }
    }
}
