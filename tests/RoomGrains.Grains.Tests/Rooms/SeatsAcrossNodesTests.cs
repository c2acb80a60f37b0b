using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

/// <summary>
/// One room, and guests who come and go on three nodes at once, while silos die. What is promised: a seat that was promised to a client whose
/// verdict was under way when the room lost its memory is given to another one, too, so that for a moment there may be as many too many as
/// clients were waiting then. Else there are never more than the capacity, nobody is lost, and nobody is counted twice.
/// </summary>
public sealed class SeatsAcrossNodesTests
{
    private const int Capacity = 12;
    private const int GuestsOfNode = 20;

    private static readonly RoomKey Key = new("chat", "lobby");

    [Theory, InlineData(false), InlineData(true)]
    public async Task Guests_who_race_on_all_nodes_get_the_seats_there_are_while_silos_die(bool roomDies)
    {
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Silos = 3 });
        var room = cluster.Client.GetRoom(Key);
        await room.Create(new RoomSettings { Capacity = Capacity });
        var seed = new Random(Seed.Next(TestContext.Current.TestOutputHelper!));
        var crowd = new Crowd();
        Node[] nodes = [.. Enumerable.Range(0, 3).Select(i => new Node(cluster, i, new Random(seed.Next()), crowd))];
        foreach (var node in nodes)
            node.Start();
        await UntilVerdicts(nodes, 40);
        Assert.InRange(crowd.Most, 1, Capacity);

        var dying = roomDies ? cluster.SiloOf(room) : (cluster.SiloOf(room) + 1) % 3;
        var living = nodes.Where((_, i) => i != dying).ToArray();
        await nodes[dying].End();
        var (waiting, before) = (living.Sum(n => n.Waiting), living.Sum(n => n.Begun));
        await cluster.Kill(dying);
        waiting += living.Sum(n => n.Begun) - before;
        await UntilVerdicts(living, 40);
        var most = crowd.Most;
        TestContext.Current.TestOutputHelper!.WriteLine($"At most {most} were in after the death of {(roomDies ? "the room's silo" : "another silo")}; {waiting} were waiting for their verdict.");
        // A room promises no more seats than it has, so that no more than these can be promised twice.
        Assert.InRange(most, 1, Capacity + (roomDies ? Math.Min(waiting, Capacity) : 0));

        // Whoever is in stays: all must agree on who that is, and on what they publish.
        await Task.WhenAll(living.Select(n => n.StopComing()));
        var began = TimeProvider.System.GetTimestamp();
        await Until.True(() => Agree(cluster, living), "the room and all nodes agree");
        TestContext.Current.TestOutputHelper!.WriteLine($"All agreed after {TimeProvider.System.GetElapsedTime(began).TotalMilliseconds:0} ms.");
        var members = (await room.Describe()).ValueOrThrow().Members;
        Assert.Equal(members.Length, members.Select(m => m.Id).Distinct().Count());
        foreach (var node in living)
            await node.End();
        foreach (var node in nodes)
            node.Dispose();
    }

    private static Task UntilVerdicts(Node[] nodes, int each)
    {
        var before = nodes.Select(n => n.Verdicts).ToArray();
        return Until.True(() => nodes.Zip(before).All(n => n.First.Verdicts - n.Second >= each), $"{each} guests of each node have heard");
    }

    /// <summary>Whether the room, asked on every living silo, has the nodes' members and streams, and every node with members has the same routes.</summary>
    private static async Task<bool> Agree(GrainCluster cluster, Node[] living)
    {
        var members = living.SelectMany(n => n.Fake.Members.GetValueOrDefault(Key, [])).Select(m => m.Id).ToHashSet();
        var streams = living.SelectMany(n => n.Fake.Streams.GetValueOrDefault(Key, [])).Select(s => (s.Name, s.Epoch)).ToHashSet();
        foreach (var node in living)
        {
            var details = (await cluster.Services(node.Index).GetRequiredService<IGrainFactory>().GetRoom(Key).Describe()).ValueOrThrow();
            var routes = node.Fake.Routed.MaxBy(r => r.Version)?.Streams ?? [];
            if (!members.SetEquals(details.Members.Select(m => m.Id)) || !streams.SetEquals(details.Streams.Select(s => (s.Name, s.Epoch)))
                || (node.Fake.Members.GetValueOrDefault(Key, []).Length > 0 && !streams.SetEquals(routes.Select(r => (r.Stream, r.Epoch)))))
                return false;
        }
        return true;
    }

    /// <summary>Guests who have been told that they are in and have not gone, on all living nodes; and the most there ever were.</summary>
    private sealed class Crowd
    {
        private readonly Lock _gate = new();
        private int _in;

        public int Most { get; private set; }

        public void Add(int change)
        {
            lock (_gate)
                Most = Math.Max(Most, _in += change);
        }
    }

    /// <summary>A gateway in short: guests come, stay a while, publish perhaps, and go; the node reports them, and itself.</summary>
    private sealed class Node : IDisposable
    {
        private readonly CancellationTokenSource _coming = new(), _living = new();
        private readonly IGrainFactory _grains;
        private readonly Random _random;
        private readonly Crowd _crowd;
        private Task _guests = Task.CompletedTask, _reports = Task.CompletedTask;
        private int _told, _waiting, _begun, _verdicts;

        public Node(GrainCluster cluster, int index, Random random, Crowd crowd)
        {
            (Index, _random, _crowd) = (index, random, crowd);
            _grains = cluster.Services(index).GetRequiredService<IGrainFactory>();
            Fake = new FakeNode(_grains, $"n{index}") { SiloAddress = cluster.Services(index).GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString() };
        }

        public int Index { get; }

        public FakeNode Fake { get; }

        public int Waiting => Volatile.Read(ref _waiting);

        /// <summary>Guests who have asked.</summary>
        public int Begun => Volatile.Read(ref _begun);

        public int Verdicts => Volatile.Read(ref _verdicts);

        public void Start()
        {
            _reports = Report();
            int[] seeds = [.. Enumerable.Range(0, GuestsOfNode).Select(_ => _random.Next())];
            _guests = Task.WhenAll(seeds.Select(s => Task.Run(() => Guest(new Random(s)))));
        }

        /// <summary>Nobody new comes, and nobody goes.</summary>
        public async Task StopComing()
        {
            await _coming.CancelAsync();
            await _guests;
        }

        public void Dispose()
        {
            _coming.Dispose();
            _living.Dispose();
        }

        public async Task End()
        {
            await _living.CancelAsync();
            await StopComing();
            await _reports;
            // Its guests have gone with it.
            Told(-_told);
        }

        private void Told(int change)
        {
            Interlocked.Add(ref _told, change);
            _crowd.Add(change);
        }

        private async Task Guest(Random random)
        {
            while (!_coming.IsCancellationRequested)
            {
                var request = Requests.New(node: Fake.Name);
                Interlocked.Increment(ref _begun);
                Interlocked.Increment(ref _waiting);
                Verdict verdict;
                try
                {
                    verdict = await _grains.Admit(request, TimeSpan.FromSeconds(1)).WaitAsync(_living.Token);
                }
                catch (Exception) when (_living.IsCancellationRequested)
                {
                    return;
                }
                finally
                {
                    Interlocked.Decrement(ref _waiting);
                }
                if (verdict.Kind == VerdictKind.Accept)
                {
                    Told(1);
                    Fake.Sit(Key, request.Connection);
                    Interlocked.Increment(ref _verdicts);
                    await Try(() => Fake.Report(Key));
                    if (random.Next(2) == 0)
                        await Publish(request.Connection);
                    await Task.Delay(TimeSpan.FromMilliseconds(random.Next(50)), TimeProvider.System, CancellationToken.None);
                    if (_coming.IsCancellationRequested)
                        return;
                    // Counted out before the room can give the seat to another.
                    Told(-1);
                    Fake.Leave(Key, request.Connection);
                    await Try(() => Fake.Report(Key));
                    continue;
                }
                Interlocked.Increment(ref _verdicts);
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(20)), TimeProvider.System, CancellationToken.None);
            }
        }

        private Task Publish(ConnectionId guest) => Try(async () =>
        {
            if (await _grains.GetRoom(Key).ClaimStream(new StreamClaim(guest, Fake.Name, $"cam-{guest}")) is { IsDone: true, Value: var epoch })
            {
                Fake.Publish(Key, new StreamInfo { Name = $"cam-{guest}", Publisher = guest, Origin = Fake.Name, Epoch = epoch });
                await Fake.Report(Key);
            }
        });

        private async Task Report()
        {
            while (!_living.IsCancellationRequested)
            {
                await Try(Fake.Announce);
                await Try(() => Fake.Report(Key));
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, _living.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        /// <summary>What fails is said again by the next report.</summary>
        private async Task Try(Func<Task> call)
        {
            try
            {
                await call().WaitAsync(_living.Token);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException || _living.IsCancellationRequested)
            {
            }
        }
    }
}
