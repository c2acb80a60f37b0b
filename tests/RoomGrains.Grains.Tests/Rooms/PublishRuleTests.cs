using Microsoft.Extensions.Time.Testing;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

/// <summary>Who may publish, how much, and whose a stream's name is.</summary>
public sealed class PublishRuleTests(OneHeldSilo silo) : IClassFixture<OneHeldSilo>
{
    private readonly RoomKey _key = new($"app{ConnectionId.New()}", "lobby");
    private readonly FakeNode _a = new(silo.Cluster.Client, "a"), _b = new(silo.Cluster.Client, "b");

    private FakeTimeProvider Clock => silo.Cluster.Clock!;

    private IRoomGrain Room => silo.Cluster.Client.GetRoom(_key);

    private static Identity Known(string user, MemberRole role = MemberRole.Publisher, string stream = "") =>
        new() { User = user, Role = role, Source = IdentitySources.Token, Stream = stream };

    private async Task<Member> Join(Identity identity, FakeNode? node = null, string service = "")
    {
        node ??= _a;
        var member = new Member { Id = ConnectionId.New(), Node = node.Name, Identity = identity, Service = service };
        node.Members[_key] = node.Members.GetValueOrDefault(_key, []).Add(member);
        Assert.True((await Room.TakeSeat(new SeatRequest(member, Approved: true))).IsDone);
        await node.Report(_key);
        return member;
    }

    private Task<Answer<long>> Claim(Member member, string stream = "cam", Identity? proved = null) => Room.ClaimStream(new StreamClaim(member.Id, member.Node, stream, proved));

    private async Task<RefusalCode?> Refused(Member member, string stream = "cam", Identity? proved = null) => (await Claim(member, stream, proved)).Refusal?.Code;

    [Theory, InlineData(MemberRole.Guest, false), InlineData(MemberRole.Player, false), InlineData(MemberRole.Publisher, true), InlineData(MemberRole.Member, true), InlineData(MemberRole.Moderator, true)]
    public async Task A_role_says_whether_its_bearer_may_publish(MemberRole role, bool may)
    {
        Assert.Equal(may ? null : RefusalCode.NotPermitted, await Refused(await Join(Identity.Anonymous(role))));
        Assert.Equal(may ? null : RefusalCode.NotPermitted, await Refused(await Join(Known("u", role)), "other"));
    }

    [Fact]
    public async Task What_a_streams_own_token_proves_counts_for_that_stream_only()
    {
        var player = await Join(Identity.Anonymous(MemberRole.Player));
        Assert.Null(await Refused(player, "cam", Known("una")));
        Assert.Equal(RefusalCode.NotPermitted, await Refused(player, "other"));
        Assert.Equal("una", Assert.Single((await Room.Describe()).ValueOrThrow().Streams).User);
        // It counts for less, too: who shows a player's token publishes nothing by it.
        Assert.Equal(RefusalCode.NotPermitted, await Refused(await Join(Known("kim", MemberRole.Moderator)), "third", Known("kim", MemberRole.Player)));
    }

    [Fact]
    public async Task Who_is_banned_does_not_publish_by_a_key_after_coming_in_unknown()
    {
        var unknown = await Join(Identity.Anonymous(MemberRole.Member));
        Assert.True((await Room.Ban(new Ban { User = "una", By = "kim" })).IsDone);
        Assert.Equal(RefusalCode.Banned, await Refused(unknown, "cam", Known("una")));
        Assert.Null(await Refused(unknown, "cam", Known("ina")));
    }

    [Fact]
    public async Task A_token_for_one_stream_is_for_no_other()
    {
        var member = await Join(Known("una", stream: "cam"));
        Assert.Equal(RefusalCode.NotPermitted, await Refused(member, "other"));
        Assert.Null(await Refused(member));
    }

    [Fact]
    public async Task A_room_says_who_may_publish()
    {
        await Room.Create(new RoomSettings { PublishBy = PublishRule.Identified });
        Assert.Equal(RefusalCode.NotPermitted, await Refused(await Join(Identity.Anonymous(MemberRole.Moderator)), "a"));
        Assert.Null(await Refused(await Join(Known("una")), "a"));
        await Room.Set(new RoomSettings { PublishBy = PublishRule.Moderators });
        Assert.Equal(RefusalCode.NotPermitted, await Refused(await Join(Known("una")), "b"));
        Assert.Null(await Refused(await Join(Known("kim", MemberRole.Moderator)), "b"));
        // What the cluster's own media jobs make belongs to whoever wanted it.
        Assert.Null(await Refused(await Join(Identity.Anonymous(MemberRole.Member), service: "transcode"), "b_360p"));
    }

    [Fact]
    public async Task A_room_says_how_many_streams_a_member_may_publish_over_all_its_connections()
    {
        await Room.Create(new RoomSettings { StreamsPerMember = 2 });
        var (first, second, unknown) = (await Join(Known("una")), await Join(Known("una"), _b), await Join(Identity.Anonymous(MemberRole.Member)));
        Assert.Null(await Refused(first, "1"));
        Assert.Null(await Refused(second, "2"));
        Assert.Equal(RefusalCode.TooManyStreams, await Refused(first, "3"));
        // The same one anew is not one more, and others have theirs.
        Assert.Null(await Refused(second, "2"));
        Assert.Null(await Refused(unknown, "4"));
        Assert.Null(await Refused(unknown, "5"));
        Assert.Equal(RefusalCode.TooManyStreams, await Refused(unknown, "6"));
    }

    [Fact]
    public async Task Settings_that_cannot_be_are_refused()
    {
        Assert.Equal(RefusalCode.InvalidSetting, (await Room.Create(new RoomSettings { StreamsPerMember = -1 })).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidSetting, (await Room.Create(new RoomSettings { PublishBy = (PublishRule)7 })).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidSetting, (await Room.Create(new RoomSettings { ApproveBy = (ApproveRule)7 })).Refusal!.Code);
    }

    [Fact]
    public async Task The_same_user_has_its_stream_back_at_once_on_another_node()
    {
        var (before, after) = (await Join(Known("una")), await Join(Known("una"), _b));
        var epoch = (await Claim(before)).ValueOrThrow();
        _a.Streams[_key] = [new StreamInfo { Name = "cam", Publisher = before.Id, Origin = "a", Epoch = epoch, User = "una" }];
        await _a.Report(_key);

        var taken = (await Claim(after)).ValueOrThrow();

        Assert.True(taken > epoch);
        await Until.True(() => _a.Takeovers.Contains((new StreamKey(_key, "cam"), taken)), "the old node hears of it");
        Assert.Equal((after.Id, "una"), Assert.Single((await Room.Describe()).ValueOrThrow().Streams) is var s ? (s.Publisher, s.User) : default);
    }

    [Fact]
    public async Task Nobody_else_takes_a_known_users_stream_however_silent_it_is()
    {
        var (una, kim, unknown) = (await Join(Known("una")), await Join(Known("kim", MemberRole.Moderator), _b), await Join(Identity.Anonymous(MemberRole.Member), _b));
        var epoch = (await Claim(una)).ValueOrThrow();
        _a.Streams[_key] = [new StreamInfo { Name = "cam", Publisher = una.Id, Origin = "a", Epoch = epoch, User = "una", Silence = TimeSpan.FromMinutes(1) }];
        await _a.Report(_key);
        Assert.Equal(RefusalCode.StreamNameTaken, await Refused(kim));
        Assert.Equal(RefusalCode.StreamNameTaken, await Refused(unknown));
        // Until it has left.
        await Room.ReleaseSeat(una.Id);
        Assert.Null(await Refused(unknown));
    }

    [Fact]
    public async Task Nobodys_stream_is_whose_who_comes_when_it_is_silent()
    {
        var (unknown, una) = (await Join(Identity.Anonymous(MemberRole.Member)), await Join(Known("una"), _b));
        var epoch = (await Claim(unknown)).ValueOrThrow();
        _a.Streams[_key] = [new StreamInfo { Name = "cam", Publisher = unknown.Id, Origin = "a", Epoch = epoch }];
        await _a.Report(_key);
        Assert.Equal(RefusalCode.StreamNameTaken, await Refused(una));
        _a.Streams[_key] = [new StreamInfo { Name = "cam", Publisher = unknown.Id, Origin = "a", Epoch = epoch, Silence = TimeSpan.FromMinutes(1) }];
        await _a.Report(_key);
        Assert.Null(await Refused(una));
    }

    [Fact]
    public async Task A_room_that_lost_its_memory_learns_from_the_nodes_who_is_who()
    {
        var una = await Join(Known("una"));
        var epoch = (await Claim(una)).ValueOrThrow();
        _a.Streams[_key] = [new StreamInfo { Name = "cam", Publisher = una.Id, Origin = "a", Epoch = epoch, User = "una" }];
        await silo.Cluster.Deactivate(Room);
        await _a.Report(_key);
        Assert.Equal(RefusalCode.StreamNameTaken, await Refused(await Join(Known("kim"), _b)));
        Assert.Null(await Refused(await Join(Known("una"), _b)));
        Assert.Equal(Known("una"), (await Room.Describe()).ValueOrThrow().Members.First(m => m.Id == una.Id).Identity);
    }
}
