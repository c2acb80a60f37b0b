using System.Collections.Immutable;
using RoomGrains.Grains.Rooms;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

/// <summary>Nodes know where a room's streams are published.</summary>
public sealed class RouteTests(OneHeldSilo silo) : IClassFixture<OneHeldSilo>, IAsyncDisposable
{
    private readonly GrainCluster _cluster = silo.Cluster;
    private readonly RoomKey _key = new($"app{ConnectionId.New()}", "lobby");
    private readonly FakeNode _a = new(silo.Cluster.Client, "a"), _b = new(silo.Cluster.Client, "b"), _c = new(silo.Cluster.Client, "c");

    private IRoomGrain Room => _cluster.Client.GetRoom(_key);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in (FakeNode[])[_a, _b, _c])
            await _cluster.Client.GetCluster().RemoveNode(node.Name);
    }

    private static Task UntilRouted(FakeNode node, Func<RoomRoutes, bool> as_, string what) => Until.True(() => node.Routed.Any(as_), what);

    private async Task<long> Publish(FakeNode node, Member member, string stream)
    {
        var epoch = (await Room.ClaimStream(new StreamClaim(member.Id, node.Name, stream))).ValueOrThrow();
        node.Streams[_key] = node.Streams.GetValueOrDefault(_key, []).Add(new StreamInfo { Name = stream, Publisher = member.Id, Origin = node.Name, Epoch = epoch });
        return epoch;
    }

    [Fact]
    public async Task A_claim_and_its_end_are_told_to_every_node_with_members_and_to_no_other()
    {
        var (alice, _) = (_a.Sit(_key), _b.Sit(_key));
        foreach (var node in (FakeNode[])[_a, _b, _c])
            await node.Report(_key);
        var epoch = await Publish(_a, alice, "cam");
        StreamRoute[] expected = [new("cam", epoch, "a", "a.example:1935")];
        await UntilRouted(_a, r => r.Streams.SequenceEqual(expected), "the origin knows the route");
        await UntilRouted(_b, r => r.Streams.SequenceEqual(expected), "the other node knows the route");

        await Room.ReleaseStream("cam", epoch);
        await UntilRouted(_b, r => r.Version > _b.Routed.First(x => x.Streams.Length == 1).Version && r.Streams.IsEmpty, "the end is told");
        Assert.Empty(_c.Routed);
    }

    [Fact]
    public async Task Every_report_of_a_node_with_members_is_answered_with_the_routes()
    {
        var alice = _a.Sit(_key);
        await _a.Report(_key);
        var epoch = await Publish(_a, alice, "cam");
        var none = await _c.Report(_key);
        Assert.Equal((0, 0), (none.Version, none.Streams.Length));

        _c.Sit(_key);
        var routes = await _c.Report(_key);
        Assert.Equal(new StreamRoute("cam", epoch, "a", "a.example:1935"), Assert.Single(routes.Streams));
        Assert.Equal(routes.Version, (await _c.Report(_key)).Version);
        Assert.Equal(_key, routes.Room);
    }

    [Fact]
    public async Task Versions_rise_across_a_room_that_lost_its_memory_and_are_pushed_when_all_have_reported()
    {
        // They report when it is said here, and at no other moment.
        _a.Answers = _b.Answers = false;
        await _a.Register();
        await _b.Register();
        var (alice, _) = (_a.Sit(_key), _b.Sit(_key));
        await _a.Report(_key);
        await _b.Report(_key);
        await Until.True(() => _a.Asked.Contains(_key) && _b.Asked.Contains(_key), "the nodes were asked when the room was made");
        var epoch = await Publish(_a, alice, "cam");
        await UntilRouted(_b, r => r.Streams.Length == 1, "the route is known");
        // A silo with a clock ahead of ours gave this one.
        var ahead = _cluster.Clock!.GetUtcNow().AddHours(1).UtcTicks;
        _b.RoutesVersion = ahead;
        _b.Routed.Clear();
        _b.Asked.Clear();
        await _cluster.Deactivate(Room);

        var described = Room.Describe();
        await Until.True(() => _b.Asked.Contains(_key), "the nodes were asked again");
        // Half of the truth is not told: it would end what players on the node that has not answered see.
        Assert.Equal(0, (await _a.Report(_key)).Version);
        Assert.False(described.IsCompleted);
        var answer = await _b.Report(_key);
        await described;
        await UntilRouted(_b, r => r.Version > ahead && r.Streams is [{ Epoch: var e }] && e == epoch, "the node took it for news");
        Assert.All(_b.Routed, r => Assert.True(r.Version > ahead));
        Assert.True(answer.Version == 0 || answer.Version > ahead);
    }

    [Fact]
    public async Task A_member_who_leaves_takes_the_route_of_his_stream()
    {
        var (alice, _) = (_a.Sit(_key), _b.Sit(_key));
        await _a.Report(_key);
        await _b.Report(_key);
        await Publish(_a, alice, "cam");
        await UntilRouted(_b, r => r.Streams.Length == 1, "the route is known");
        _b.Routed.Clear();
        await Room.ReleaseSeat(alice.Id);
        await UntilRouted(_b, r => r.Streams.IsEmpty, "the route is gone");
    }
}

public sealed class RouteTableTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly RouteTable _routes = new(new RoomKey("chat", "lobby"), Start);

    private static ImmutableArray<StreamRoute> Route(long epoch) => [new StreamRoute("cam", epoch, "a", "")];

    [Fact]
    public void What_is_as_before_is_no_news()
    {
        Assert.True(_routes.Update(Route(1), [], Start));
        Assert.False(_routes.Update(Route(1), [], Start));
        Assert.True(_routes.Update(Route(2), [], Start));
    }

    [Fact]
    public void Versions_rise_although_the_clock_stands_or_goes_back()
    {
        var last = _routes.Current.Version;
        for (var epoch = 1; epoch < 5; epoch++)
        {
            _routes.Update(Route(epoch), [], Start.AddSeconds(-epoch));
            Assert.True(_routes.Current.Version > last);
            last = _routes.Current.Version;
        }
    }

    [Fact]
    public void A_version_that_is_heard_of_is_passed_once()
    {
        var heard = Start.AddHours(1).UtcTicks;
        _routes.Heard(heard);
        Assert.True(_routes.Update([], [], Start));
        Assert.Equal(heard + 1, _routes.Current.Version);
        _routes.Heard(heard);
        Assert.False(_routes.Update([], [], Start));
    }
}
