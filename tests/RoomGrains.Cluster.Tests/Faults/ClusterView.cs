using System.Collections.Concurrent;
using System.Collections.Immutable;
using Orleans.Runtime;
using RoomGrains.Cluster.Tests.Crowds;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Faults;

/// <summary>The cluster as its grains tell it, asked through each living node by a grain client of its own.</summary>
internal sealed class ClusterView(ClusterProcesses cluster)
{
    // A client outside the silos does not hear that a silo died, and would wait 30 s for what it had asked there.
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Lazy<Task<GrainClient>>> _clients = new(StringComparer.Ordinal);

    /// <summary>A node that is cut off from the others, and so from grain clients: it is not asked.</summary>
    public NodeProcess? CutOff { get; set; }

    private NodeProcess[] Asked => [.. cluster.Running.Where(node => node != CutOff)];

    /// <summary>A grain client that is connected to this node only.</summary>
    public async Task<IClusterClient> ThroughAsync(NodeProcess node) =>
        (await _clients.GetOrAdd(node.Name, _ => new Lazy<Task<GrainClient>>(() => cluster.ConnectAsync(node))).Value).Grains;

    /// <summary>The node whose silo has the room's grain.</summary>
    public Task<NodeProcess> NodeOfRoomAsync(RoomKey room, CancellationToken cancel) => NodeOfAsync(grains => grains.GetRoom(room), cancel);

    /// <summary>The node whose silo has an application's directory.</summary>
    public Task<NodeProcess> NodeOfDirectoryAsync(string application, CancellationToken cancel) => NodeOfAsync(grains => grains.GetDirectory(application), cancel);

    /// <summary>The reports of the nodes.</summary>
    public Task<ImmutableArray<NodeReport>> NodesAsync(CancellationToken cancel) => AskAsync(grains => grains.GetCluster().ListNodes(), cancel);

    /// <summary>Asks through any living node until one answers.</summary>
    public async Task<T> AskAsync<T>(Func<IClusterClient, Task<T>> question, CancellationToken cancel)
    {
        while (true)
        {
            foreach (var node in Asked)
                if (await TryAskAsync(node, question) is { Answered: true } answer)
                    return answer.Value!;
            cancel.ThrowIfCancellationRequested();
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Members of these rooms, all together.</summary>
    public async Task<int> SeatsAsync(IEnumerable<RoomKey> rooms, CancellationToken cancel)
    {
        var seats = await Task.WhenAll(rooms.Select(room => AskAsync(grains => grains.GetRoom(room).Describe(), cancel)));
        return seats.Sum(room => room.IsDone ? room.Value.Members.Length : 0);
    }

    /// <summary>
    /// Waits until every living node tells the same members and streams of every room as the crowd has connections: no seat lost, none left
    /// over, none counted twice.
    /// </summary>
    /// <returns>What still differs, in words, when the limit has passed; null when all is as it should be.</returns>
    public async Task<string?> UntilAgreedAsync(Crowd crowd, TimeSpan limit)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var differences = await DifferencesAsync(crowd);
            if (differences.Count == 0)
                return null;
            if (TimeProvider.System.GetElapsedTime(started) > limit)
                return $"{differences.Count} differences: {string.Join("; ", differences.Take(5))}";
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }
    }

    private async Task<List<string>> DifferencesAsync(Crowd crowd)
    {
        var differences = new List<string>();
        foreach (var node in Asked)
        {
            // What the crowd has, taken anew for every node: its clients come and go meanwhile.
            var connected = crowd.Clients.Select(c => (c.Stream.Key.Room, Id: c.Current?.Id)).Where(c => c.Id is not null).ToLookup(c => c.Room, c => c.Id!);
            var publishing = crowd.Publishers.Where(p => p.IsSettled).Select(p => (p.Stream.Key, Id: p.Current?.Id)).Where(p => p.Id is not null)
                .ToLookup(p => p.Key.Room, p => $"{p.Key.Stream} by {p.Id}");
            var answers = await Task.WhenAll(crowd.Rooms.Select(async room => (Room: room, Answer: await TryAskAsync(node, grains => grains.GetRoom(room).Describe()))));
            foreach (var (room, answer) in answers)
            {
                if (!answer.Answered)
                {
                    differences.Add($"{node.Name} does not answer for {room}: {answer.Problem}");
                    continue;
                }
                var members = answer.Value!.Value?.Members.Select(m => m.Id.Value) ?? [];
                var streams = answer.Value.Value?.Streams.Select(s => $"{s.Name} by {s.Publisher}") ?? [];
                Compare($"{node.Name}, members of {room}", members, connected[room]);
                Compare($"{node.Name}, streams of {room}", streams, publishing[room]);
            }
        }
        return differences;

        void Compare(string what, IEnumerable<string> told, IEnumerable<string> real)
        {
            var (list, truth) = (told.ToArray(), real.ToHashSet(StringComparer.Ordinal));
            var left = list.Except(truth, StringComparer.Ordinal).ToArray();
            var missing = truth.Except(list, StringComparer.Ordinal).ToArray();
            if (left.Length > 0 || missing.Length > 0)
                differences.Add($"{what}: {left.Length} left over ({string.Join(", ", left.Take(2))}), {missing.Length} missing ({string.Join(", ", missing.Take(2))})");
            else if (list.Length != truth.Count)
                differences.Add($"{what}: {list.Length} in the list, {truth.Count} of them different");
        }
    }

    private async Task<NodeProcess> NodeOfAsync(Func<IGrainFactory, IAddressable> grain, CancellationToken cancel)
    {
        while (true)
        {
            var silo = await AskAsync(async grains => await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grain(grains)), cancel);
            if (silo is not null && cluster.Running.FirstOrDefault(node => node.SiloPort == silo.Endpoint.Port && node.ClusterAddress.Equals(silo.Endpoint.Address)) is { } found)
                return found;
            cancel.ThrowIfCancellationRequested();
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }
    }

    private async Task<(bool Answered, T? Value, string Problem)> TryAskAsync<T>(NodeProcess node, Func<IClusterClient, Task<T>> question)
    {
        try
        {
            return (true, await question(await ThroughAsync(node)).WaitAsync(CallLimit, TimeProvider.System), "");
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or IOException or System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            return (false, default, e.Message);
        }
    }
}
