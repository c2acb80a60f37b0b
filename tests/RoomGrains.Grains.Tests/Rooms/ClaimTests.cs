using Microsoft.Extensions.Time.Testing;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

/// <summary>Who gets a stream's name while its publisher is, or was, on another node.</summary>
public sealed class ClaimTests(OneHeldSilo silo) : IClassFixture<OneHeldSilo>
{
    private readonly GrainCluster _cluster = silo.Cluster;
    private readonly RoomKey _key = new($"app{ConnectionId.New()}", "lobby");
    private readonly FakeNode _a = new(silo.Cluster.Client, "a"), _b = new(silo.Cluster.Client, "b"), _c = new(silo.Cluster.Client, "c");

    private FakeTimeProvider Clock => _cluster.Clock!;

    private IRoomGrain Room => _cluster.Client.GetRoom(_key);

    private Task<Answer<long>> Claim(FakeNode node, Member member) => Room.ClaimStream(new StreamClaim(member.Id, node.Name, "cam"));

    /// <summary>A member of node a publishes, and the room has heard of it.</summary>
    private async Task<(Member Publisher, long Epoch)> Published()
    {
        var alice = _a.Sit(_key);
        await _a.Report(_key);
        var epoch = (await Claim(_a, alice)).ValueOrThrow();
        _a.Streams[_key] = [new StreamInfo { Name = "cam", Publisher = alice.Id, Origin = "a", Epoch = epoch }];
        await _a.Report(_key);
        return (alice, epoch);
    }

    private async Task<Member> Joined(FakeNode node)
    {
        var member = node.Sit(_key);
        await node.Report(_key);
        return member;
    }

    [Fact]
    public async Task A_publisher_that_its_node_still_has_keeps_the_name()
    {
        var (_, epoch) = await Published();
        var refused = await Claim(_b, await Joined(_b));
        Assert.Equal(RefusalCode.StreamNameTaken, refused.Refusal!.Code);
        Assert.Contains(_key, _a.Asked);
        Assert.Equal(epoch, Assert.Single((await Room.Describe()).ValueOrThrow().Streams).Epoch);
    }

    [Fact]
    public async Task Of_a_publisher_that_has_gone_the_room_hears_when_another_wants_the_name()
    {
        var (_, epoch) = await Published();
        // He left a moment ago; the room has not been told.
        _a.Members[_key] = [];
        _a.Streams[_key] = [];
        Assert.True((await Claim(_b, await Joined(_b))).ValueOrThrow() > epoch);
    }

    [Fact]
    public async Task A_publisher_whose_node_says_nothing_loses_the_name_after_half_a_second()
    {
        var (_, epoch) = await Published();
        _a.Answers = false;
        var claim = Claim(_b, await Joined(_b));
        await Until.True(() => _a.Asked.Contains(_key), "the node was asked");
        // Answered when the room waits: from then on its half second counts.
        await Room.Describe();
        Clock.Advance(TimeSpan.FromMilliseconds(499));
        Assert.Single((await Room.Describe()).ValueOrThrow().Streams, s => s.Epoch == epoch);
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        var second = (await claim).ValueOrThrow();
        Assert.True(second > epoch);
        await Until.True(() => _a.Takeovers.Contains((new StreamKey(_key, "cam"), second)), "the old origin is told, should it live");

        // The report that it had made before comes at last.
        await _a.Report(_key);
        Assert.Equal("b", Assert.Single((await Room.Describe()).ValueOrThrow().Streams).Origin);
    }

    [Fact]
    public async Task Of_many_who_want_the_name_of_a_silent_node_one_gets_it()
    {
        await Published();
        _a.Answers = false;
        var claims = new List<Task<Answer<long>>>();
        foreach (var node in (FakeNode[])[_b, _c, _b, _c])
            claims.Add(Claim(node, await Joined(node)));
        await Until.True(() => _a.Asked.Contains(_key), "the node was asked");
        await Until.True(
            () =>
            {
                Clock.Advance(TimeSpan.FromMilliseconds(100));
                return Task.FromResult(claims.TrueForAll(c => c.IsCompleted));
            },
            "all are answered");
        var answers = await Task.WhenAll(claims);
        Assert.Single(answers, a => a.IsDone);
        Assert.All(answers.Where(a => !a.IsDone), a => Assert.Equal(RefusalCode.StreamNameTaken, a.Refusal!.Code));
    }

    [Fact]
    public async Task Who_is_no_member_makes_nobody_ask()
    {
        await Published();
        _a.Asked.Clear();
        Assert.Equal(RefusalCode.NotAMember, (await Claim(_b, new Member { Id = ConnectionId.New(), Node = "b" })).Refusal!.Code);
        Assert.Empty(_a.Asked);
    }

    [Fact]
    public async Task The_new_connection_of_a_publisher_takes_seat_and_stream_in_a_full_room_and_the_old_is_put_out_after_a_while()
    {
        await Room.Create(new RoomSettings { Capacity = 1 });
        var (alice, epoch) = await Published();
        var anew = new Member { Id = ConnectionId.New(), Node = "b" };
        Assert.Equal(RefusalCode.RoomFull, (await Room.TakeSeat(new SeatRequest(anew, false))).Refusal!.Code);
        Assert.True((await Room.TakeSeat(new SeatRequest(anew, false, alice.Id))).IsDone);
        var copycat = await Room.TakeSeat(new SeatRequest(new Member { Id = ConnectionId.New(), Node = "b" }, true, alice.Id));
        Assert.Equal(RefusalCode.Denied, copycat.Refusal!.Code);
        Assert.Equal(RefusalCode.RoomFull, (await Room.TakeSeat(new SeatRequest(new Member { Id = ConnectionId.New(), Node = "b" }, false))).Refusal!.Code);
        Assert.Equal(2, (await Room.Describe()).ValueOrThrow().Members.Length);

        var second = (await Claim(_b, anew)).ValueOrThrow();
        Assert.True(second > epoch);
        await Until.True(() => _a.Takeovers.Contains((new StreamKey(_key, "cam"), second)), "the old origin was told");

        _b.Sit(_key, anew.Id);
        await Until.True(
            async () =>
            {
                await _a.Report(_key);
                await _b.Report(_key);
                Clock.Advance(TimeSpan.FromSeconds(1));
                return _a.Disconnects.Any(d => d.Connection == alice.Id);
            },
            "the old connection is put out");
        Assert.Equal(anew.Id, Assert.Single((await Room.Describe()).ValueOrThrow().Members).Id);
    }
}
