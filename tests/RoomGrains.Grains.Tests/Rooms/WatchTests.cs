using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

internal sealed class Watcher : IRoomObserver
{
    public ConcurrentQueue<RoomEvent> Events { get; } = new();

    public ConcurrentQueue<int> Batches { get; } = new();

    public Task OnEvents(RoomKey room, ImmutableArray<RoomEvent> events)
    {
        Batches.Enqueue(events.Length);
        foreach (var happened in events)
            Events.Enqueue(happened);
        return Task.CompletedTask;
    }

    public Task UntilHas(RoomEventKind kind) => Until.True(() => Events.Any(e => e.Kind == kind), $"{kind} is heard of");
}

/// <summary>Users' programs watch rooms.</summary>
public sealed class WatchTests(OneHeldSilo silo) : IClassFixture<OneHeldSilo>
{
    private readonly GrainCluster _cluster = silo.Cluster;
    private readonly RoomKey _key = new($"app{ConnectionId.New()}", "lobby");
    private readonly FakeNode _a = new(silo.Cluster.Client, "a");

    private IRoomGrain Room => _cluster.Client.GetRoom(_key);

    [Fact]
    public async Task A_watcher_hears_what_happens_in_its_order()
    {
        await Room.Create(new RoomSettings { Capacity = 5 });
        var watcher = new Watcher();
        var reference = _cluster.Client.CreateObjectReference<IRoomObserver>(watcher);
        var before = (await Room.Watch(reference)).ValueOrThrow();
        Assert.Equal((0, 5), (before.Members.Length, before.Settings.Capacity));

        var member = _a.Sit(_key);
        await Room.TakeSeat(new SeatRequest(member, false));
        await _a.Report(_key);
        var epoch = (await Room.ClaimStream(new StreamClaim(member.Id, "a", "cam"))).ValueOrThrow();
        await Room.Set(new RoomSettings { Title = "Evening" });
        await Room.Set(new RoomSettings { Title = "Evening" });
        _a.Members[_key] = [];
        await _a.Report(_key);
        await Room.Close("The end.");
        await watcher.UntilHas(RoomEventKind.Closed);

        Assert.Equal(
            [RoomEventKind.MemberJoined, RoomEventKind.StreamStarted, RoomEventKind.SettingsChanged, RoomEventKind.MemberLeft, RoomEventKind.StreamEnded, RoomEventKind.Closed],
            watcher.Events.Select(e => e.Kind));
        var events = watcher.Events.ToArray();
        Assert.Equal(member.Id, events[0].Member!.Id);
        Assert.Equal(("cam", epoch, "a"), (events[1].Stream!.Name, events[1].Stream!.Epoch, events[1].Stream!.Origin));
        Assert.Equal("Evening", events[2].Settings!.Title);
        Assert.Equal(member.Id, events[3].Member!.Id);
        // He left and took his stream with him: one turn, one call.
        Assert.Equal([1, 1, 1, 2, 1], watcher.Batches);
    }

    [Fact]
    public async Task Who_watches_no_more_hears_no_more()
    {
        await Room.Create(new RoomSettings());
        var (leaves, stays) = (new Watcher(), new Watcher());
        var reference = _cluster.Client.CreateObjectReference<IRoomObserver>(leaves);
        await Room.Watch(reference);
        await Room.Watch(_cluster.Client.CreateObjectReference<IRoomObserver>(stays));
        await Room.Unwatch(reference);
        await Room.Unwatch(reference);
        await Room.TakeSeat(new SeatRequest(new Member { Id = ConnectionId.New(), Node = "a" }, false));
        await stays.UntilHas(RoomEventKind.MemberJoined);
        Assert.Empty(leaves.Events);
    }

    [Fact]
    public async Task Watchers_that_died_cost_nothing_and_make_room_after_a_minute()
    {
        Assert.Equal(RefusalCode.UnknownRoom, (await Room.Watch(_cluster.Client.CreateObjectReference<IRoomObserver>(new Watcher()))).Refusal!.Code);
        await Room.Create(new RoomSettings());
        for (var i = 0; i < 100; i++)
        {
            var reference = _cluster.Client.CreateObjectReference<IRoomObserver>(new Watcher());
            Assert.True((await Room.Watch(reference)).IsDone);
            _cluster.Client.DeleteObjectReference<IRoomObserver>(reference);
        }
        var watcher = new Watcher();
        var living = _cluster.Client.CreateObjectReference<IRoomObserver>(watcher);
        Assert.Equal(RefusalCode.TooManyWatchers, (await Room.Watch(living)).Refusal!.Code);

        // The dead hear nothing, and nobody waits for them.
        Assert.True((await Room.TakeSeat(new SeatRequest(new Member { Id = ConnectionId.New(), Node = "a" }, false))).IsDone);
        await Until.True(
            async () =>
            {
                _cluster.Clock!.Advance(TimeSpan.FromSeconds(10));
                return (await Room.Watch(living)).IsDone;
            },
            "their places are free");
        await Room.TakeSeat(new SeatRequest(new Member { Id = ConnectionId.New(), Node = "a" }, false));
        await watcher.UntilHas(RoomEventKind.MemberJoined);
    }
}

/// <summary>Silos die while somebody watches.</summary>
public sealed class WatchAcrossDeathTests
{
    private static readonly RoomKey Key = new("chat", "lobby");

    // Only what membership says may take members away here.
    private static Task<GrainCluster> Start() => GrainCluster.Start(new GrainClusterOptions
    {
        Silos = 3,
        ClientTimeout = TimeSpan.FromSeconds(5),
        Services = services => services.Configure<RoomOptions>(o => o.SeatLease = TimeSpan.FromMinutes(10)),
    });

    [Fact]
    public async Task When_the_silo_of_the_room_died_a_watch_answers_what_is_there_and_goes_on()
    {
        await using var cluster = await Start();
        var (room, node, watcher) = (cluster.Client.GetRoom(Key), new FakeNode(cluster.Client, "a"), new Watcher());
        var reference = cluster.Client.CreateObjectReference<IRoomObserver>(watcher);
        var member = node.Sit(Key);
        await node.Register();
        await node.Report(Key);
        await room.Watch(reference);
        await cluster.Kill(cluster.SiloOf(room));

        Answer<RoomDetails>? details = null;
        await Until.True(
            async () =>
            {
                try
                {
                    await node.Announce();
                    details = await room.Watch(reference);
                    return details.Value?.Members.Length == 1;
                }
                catch (Exception e) when (e is OrleansException or TimeoutException)
                {
                    return false;
                }
            },
            "the room is watched again");
        Assert.Equal(member.Id, details!.ValueOrThrow().Members[0].Id);
        watcher.Events.Clear();
        await room.Kick(member.Id, "noise");
        await watcher.UntilHas(RoomEventKind.MemberLeft);
    }

    [Fact]
    public async Task When_a_silo_died_its_members_and_streams_are_gone_and_everybody_is_told()
    {
        await using var cluster = await Start();
        var room = cluster.Client.GetRoom(Key);
        await room.Create(new RoomSettings());
        var dying = Enumerable.Range(0, 3).First(i => i != cluster.SiloOf(room));
        FakeNode a = new(cluster.Client, "a"), b = new(cluster.Client, "b");
        a.SiloAddress = cluster.Services(dying).GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString();
        var (alice, bob, watcher) = (a.Sit(Key), b.Sit(Key), new Watcher());
        await a.Report(Key);
        await b.Report(Key);
        await room.ClaimStream(new StreamClaim(alice.Id, "a", "cam"));
        await room.Watch(cluster.Client.CreateObjectReference<IRoomObserver>(watcher));
        await Until.True(() => b.Routed.Any(r => r.Streams.Length == 1), "the route is known");
        var known = b.Routed.Max(r => r.Version);

        await cluster.Kill(dying);
        await watcher.UntilHas(RoomEventKind.StreamEnded);
        Assert.Equal([RoomEventKind.MemberLeft, RoomEventKind.StreamEnded], watcher.Events.Select(e => e.Kind));
        Assert.Equal(bob.Id, Assert.Single((await room.Describe()).ValueOrThrow().Members).Id);
        await Until.True(() => b.Routed.Any(r => r.Version > known && r.Streams.IsEmpty), "the route is gone");

        // What it had sent before it died comes late.
        await a.Report(Key);
        Assert.Single((await room.Describe()).ValueOrThrow().Members);
    }
}
