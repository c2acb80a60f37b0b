using Microsoft.Extensions.Time.Testing;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

/// <summary>Who is kept out, whose sound is dropped, and that somebody wrote down who said so.</summary>
public sealed class ModerationTests : IClassFixture<OneHeldSilo>
{
    private readonly GrainCluster _cluster;
    private readonly RoomKey _key = new($"app{ConnectionId.New()}", "lobby");
    private readonly IRoomGrain _room;
    private readonly FakeNode _a;

    public ModerationTests(OneHeldSilo silo)
    {
        _cluster = silo.Cluster;
        _room = _cluster.Client.GetRoom(_key);
        _a = new FakeNode(_cluster.Client, "a");
    }

    private FakeTimeProvider Clock => _cluster.Clock!;

    private static Member Member(string user = "", string address = "192.0.2.7:1234", MemberRole role = MemberRole.Member) => new()
    {
        Id = ConnectionId.New(),
        Node = "a",
        Address = address,
        Identity = user.Length > 0 ? new Identity { User = user, Role = role, Source = IdentitySources.Token } : Identity.Anonymous(role),
    };

    private async Task<RefusalCode?> Enter(Member member, bool approved = false, ConnectionId? replaces = null) =>
        (await _room.TakeSeat(new SeatRequest(member, approved, replaces))).Refusal?.Code;

    private async Task<Member> Seated(Member member)
    {
        Assert.Null(await Enter(member));
        return member;
    }

    private async Task<string[]> Audit() => [.. (await _cluster.Client.GetAudit(_key).List(100)).Reverse().Select(entry => $"{entry.By} {entry.Action} {entry.Subject}".Trim())];

    [Fact]
    public async Task A_banned_user_is_put_out_and_does_not_come_back_until_the_ban_ends()
    {
        await _room.Create(new RoomSettings());
        var (troll, other) = (await Seated(Member("troll")), await Seated(Member("kind")));
        _a.Members[_key] = [troll, other];
        await _a.Report(_key);

        var ban = (await _room.Ban(new Ban { User = "troll", Reason = "Be\r\nkind.", By = "alice", Until = Clock.GetUtcNow() + TimeSpan.FromHours(1) })).ValueOrThrow();
        Assert.Equal(("Bekind.", Clock.GetUtcNow()), (ban.Reason, ban.At));
        await Until.True(() => _a.Disconnects.Any(put => put.Connection == troll.Id && put.Reason.EndsWith(": Bekind.", StringComparison.Ordinal)), "its node was told");
        var refused = (await _room.TakeSeat(new SeatRequest(Member("troll"), Approved: true))).Refusal!;
        Assert.Equal(RefusalCode.Banned, refused.Code);
        Assert.Contains("Bekind.", refused.Message, StringComparison.Ordinal);
        Assert.Null(await Enter(Member("Troll")));
        Assert.Null(await Enter(Member()));
        Assert.Equal("troll", Assert.Single((await _room.DescribeModeration()).ValueOrThrow().Bans).Subject);

        Clock.Advance(TimeSpan.FromHours(1));
        Assert.Empty((await _room.DescribeModeration()).ValueOrThrow().Bans);
        Assert.Null(await Enter(Member("troll")));
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7:1", true)]
    [InlineData("192.0.2.7", "[::ffff:192.0.2.7]:1", true)]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7:1", true)]
    [InlineData("192.0.2.0/24", "192.0.2.255:1", true)]
    [InlineData("192.0.2.0/24", "192.0.3.0:1", false)]
    [InlineData("192.0.2.7/24", "192.0.2.9:1", true)]
    [InlineData("2001:db8::/32", "[2001:db8::1]:1", true)]
    [InlineData("2001:db8::/32", "[2001:db9::1]:1", false)]
    [InlineData("0.0.0.0/0", "203.0.113.1:1", true)]
    public async Task A_ban_of_addresses_holds_for_all_of_them_and_no_others(string addresses, string from, bool banned)
    {
        await _room.Create(new RoomSettings());
        (await _room.Ban(new Ban { Addresses = addresses, By = "alice" })).ValueOrThrow();
        Assert.Equal(banned ? RefusalCode.Banned : null, await Enter(Member(address: from)));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("troll", "192.0.2.7")]
    [InlineData("", "192.0.2")]
    [InlineData("", "192.0.02.7")]
    [InlineData("", "3221225991")]
    [InlineData("", "two.example")]
    [InlineData("", "192.0.2.0/33")]
    public async Task A_ban_that_does_not_say_whom_is_refused(string user, string addresses)
    {
        await _room.Create(new RoomSettings());
        Assert.Equal(RefusalCode.InvalidSetting, (await _room.Ban(new Ban { User = user, Addresses = addresses })).Refusal!.Code);
    }

    [Fact]
    public async Task A_ban_is_lifted_by_its_subject_and_a_room_that_nobody_knows_has_none()
    {
        Assert.Equal(RefusalCode.UnknownRoom, (await _room.Ban(new Ban { User = "troll" })).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownRoom, (await _room.DescribeModeration()).Refusal!.Code);
        await _room.Create(new RoomSettings());
        (await _room.Ban(new Ban { Addresses = "::ffff:192.0.2.7" })).ValueOrThrow();
        Assert.Equal(RefusalCode.NothingToUndo, (await _room.Unban("192.0.2.8")).Refusal!.Code);
        Assert.True((await _room.Unban("::ffff:192.0.2.7", "bob")).IsDone);
        Assert.Null(await Enter(Member()));
        Assert.Equal(["a moderator create", "a moderator ban 192.0.2.7", "bob unban 192.0.2.7"], await Audit());
    }

    [Fact]
    public async Task Who_is_banned_from_the_application_is_put_out_of_every_room_and_gets_into_none()
    {
        var (directory, otherKey) = (_cluster.Client.GetDirectory(_key.Application), new RoomKey(_key.Application, "attic"));
        var other = _cluster.Client.GetRoom(otherKey);
        await _room.Create(new RoomSettings());
        var (troll, kind, second) = (await Seated(Member("troll")), await Seated(Member("kind")), Member("troll"));
        (await other.TakeSeat(new SeatRequest(second, Approved: false))).ValueOrThrow();
        (_a.Members[_key], _a.Members[otherKey]) = ([troll, kind], [second]);
        await _a.Report(_key);
        await _a.Report(otherKey);

        Assert.Equal(RefusalCode.InvalidSetting, (await directory.Ban(new Ban())).Refusal!.Code);
        Assert.Equal(Clock.GetUtcNow(), (await directory.Ban(new Ban { User = "troll", Reason = "Enough.", By = "alice", Until = Clock.GetUtcNow() + TimeSpan.FromHours(1) })).ValueOrThrow().At);
        await Until.True(() => _a.Disconnects.Any(put => put.Connection == troll.Id && put.Reason == $"You are banned from {_key.Application} until {Clock.GetUtcNow() + TimeSpan.FromHours(1):u}: Enough.") && _a.Disconnects.Any(put => put.Connection == second.Id), "both are put out");
        Assert.Equal(2, _a.Disconnects.Count);
        Assert.Equal(RefusalCode.Banned, await Enter(Member("troll")));
        // A room that comes up later asks.
        await _cluster.Deactivate(_room);
        Assert.Equal(RefusalCode.Banned, await Enter(Member("troll")));
        Assert.Equal(RefusalCode.Banned, (await _cluster.Client.GetRoom(new RoomKey(_key.Application, "new")).TakeSeat(new SeatRequest(Member("troll"), Approved: true))).Refusal?.Code);
        Assert.Equal("troll", Assert.Single(await directory.ListBans()).Subject);
        Assert.Empty((await _room.DescribeModeration()).ValueOrThrow().Bans);

        Assert.True((await directory.Unban("troll", "bob")).IsDone);
        Assert.Equal(RefusalCode.NothingToUndo, (await directory.Unban("troll")).Refusal!.Code);
        await Until.True(async () => await Enter(Member("troll")) is null, "it is let in again");
        Assert.Equal(["bob unban", "alice ban"], (await _cluster.Client.GetAudit(_key.Application).List(10)).Select(entry => $"{entry.By} {entry.Action}"));
        (await directory.Ban(new Ban { Addresses = "192.0.2.0/24", Until = Clock.GetUtcNow() + TimeSpan.FromHours(1) })).ValueOrThrow();
        Clock.Advance(TimeSpan.FromHours(1));
        Assert.Empty(await directory.ListBans());
        Assert.Null(await Enter(Member("late")));
    }

    /// <summary>An encoder that came in unknown, and showed a key with its stream.</summary>
    [Fact]
    public async Task Who_is_known_by_its_stream_alone_is_put_out_too()
    {
        await _room.Create(new RoomSettings());
        var (encoder, other) = (await Seated(Member()), await Seated(Member()));
        (await _room.ClaimStream(new StreamClaim(encoder.Id, "a", "cam", new Identity { User = "troll", Role = MemberRole.Publisher, Source = IdentitySources.Key }))).ValueOrThrow();
        _a.Members[_key] = [encoder, other];
        await _a.Report(_key);
        (await _room.Ban(new Ban { User = "troll" })).ValueOrThrow();
        await Until.True(() => !_a.Disconnects.IsEmpty, "its node was told");
        Assert.Equal(encoder.Id, Assert.Single(_a.Disconnects).Connection);
        Assert.Equal(other.Id, Assert.Single((await _room.Describe()).ValueOrThrow().Members).Id);
    }

    /// <summary>Nobody was there to put him out when he was banned; the room hears of him from his node.</summary>
    [Fact]
    public async Task Who_was_banned_while_the_room_was_away_is_put_out_when_it_is_back()
    {
        var (troll, other) = (await Seated(Member("troll")), await Seated(Member("kind")));
        _a.Members[_key] = [troll, other];
        await _a.Report(_key);
        await _cluster.Deactivate(_room);
        // The directory knows nothing of this room now: it is not told.
        await _cluster.Deactivate(_cluster.Client.GetDirectory(_key.Application));
        (await _cluster.Client.GetDirectory(_key.Application).Ban(new Ban { User = "troll" })).ValueOrThrow();
        await _a.Report(_key);
        await Until.True(async () =>
        {
            await _a.Report(_key);
            return !_a.Disconnects.IsEmpty;
        }, "it is put out");
        Assert.Equal(troll.Id, Assert.Single(_a.Disconnects.Select(put => put.Connection).Distinct()));
    }

    [Fact]
    public async Task A_room_that_was_not_told_of_a_ban_asks()
    {
        var troll = await Seated(Member("troll"));
        _a.Members[_key] = [troll];
        await _a.Report(_key);
        // It has forgotten the rooms, and tells none.
        await _cluster.Deactivate(_cluster.Client.GetDirectory(_key.Application));
        (await _cluster.Client.GetDirectory(_key.Application).Ban(new Ban { User = "troll" })).ValueOrThrow();
        await Until.True(async () =>
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await _a.Report(_key);
            return _a.Disconnects.Any(put => put.Connection == troll.Id);
        }, "it has asked");
    }

    [Fact]
    public async Task What_is_laid_down_outlives_the_rooms_activation_and_ends_with_the_room()
    {
        await _room.Create(new RoomSettings { Locked = true });
        await _room.Ban(new Ban { User = "troll" });
        await _room.Remember("friend", "alice");
        await _cluster.Deactivate(_room);
        Assert.Equal(RefusalCode.Banned, await Enter(Member("troll", role: MemberRole.Moderator)));
        Assert.Equal(RefusalCode.RoomLocked, await Enter(Member("friend")));
        Assert.Equal("friend", Assert.Single((await _room.DescribeModeration()).ValueOrThrow().Guests).User);

        await _room.Close("The end.", "alice");
        await Until.True(
            async () =>
            {
                Clock.Advance(TimeSpan.FromSeconds(1));
                return await Enter(Member("troll")) is null;
            },
            "the room is made anew");
        Assert.Contains("alice close", await Audit());
    }

    [Fact]
    public async Task A_locked_room_lets_in_moderators_and_who_only_connects_anew()
    {
        await _room.Create(new RoomSettings());
        var member = await Seated(Member());
        await _room.Set(new RoomSettings { Locked = true }, "alice");
        Assert.Equal(RefusalCode.RoomLocked, await Enter(Member()));
        Assert.Equal(RefusalCode.RoomLocked, await Enter(Member(), approved: true));
        Assert.Null(await Enter(member));
        Assert.Null(await Enter(Member(), replaces: member.Id));
        Assert.Null(await Enter(Member("alice", role: MemberRole.Moderator)));
        Assert.Null(await Enter(Member() with { Service = "record" }));
        await _room.Set(new RoomSettings { Locked = false });
        Assert.Null(await Enter(Member()));
    }

    [Fact]
    public async Task A_muted_members_node_hears_of_it_and_again_when_the_user_comes_back()
    {
        var watcher = new Watcher();
        var member = await Seated(Member("loud"));
        (await _room.Watch(_cluster.Client.CreateObjectReference<IRoomObserver>(watcher))).ValueOrThrow();
        _a.Members[_key] = [member];
        Assert.Empty((await _a.Report(_key)).Mutes);

        Assert.Equal(RefusalCode.InvalidSetting, (await _room.Mute(member.Id, MutedMedia.None)).Refusal!.Code);
        Assert.Equal(RefusalCode.NotAMember, (await _room.Mute(ConnectionId.New(), MutedMedia.Audio)).Refusal!.Code);
        var mute = (await _room.Mute(member.Id, MutedMedia.Audio | MutedMedia.Text, TimeSpan.FromMinutes(5), "alice")).ValueOrThrow();
        Assert.Equal(("loud", null), (mute.User, mute.Connection));
        Assert.Equal(MutedMedia.Audio | MutedMedia.Text, Assert.Single((await _a.Report(_key)).Mutes).Media);
        Assert.Equal(MutedMedia.Audio | MutedMedia.Text, Assert.Single((await _room.Describe()).ValueOrThrow().Members).Muted);
        await watcher.UntilHas(RoomEventKind.MemberMuted);

        var again = Member("loud");
        _a.Members[_key] = [again];
        Assert.Equal(again.Id, Assert.Single((await _a.Report(_key)).Mutes).Connection);
        var before = (await _a.Report(_key)).Version;
        Clock.Advance(TimeSpan.FromMinutes(5));
        await Until.True(async () => await _a.Report(_key) is { Mutes.IsEmpty: true } routes && routes.Version > before, "the mute has run out");
    }

    [Fact]
    public async Task A_mute_of_somebody_unknown_holds_for_the_connection_and_is_ended_by_it()
    {
        var (loud, other) = (await Seated(Member()), await Seated(Member()));
        _a.Members[_key] = [loud, other];
        await _a.Report(_key);
        await _room.Mute(loud.Id, MutedMedia.Video, by: "alice");
        Assert.Equal(new MemberMute(loud.Id, MutedMedia.Video), Assert.Single((await _a.Report(_key)).Mutes));
        await _room.Mute(loud.Id, MutedMedia.All, by: "alice");
        Assert.Equal(new MemberMute(loud.Id, MutedMedia.All), Assert.Single((await _a.Report(_key)).Mutes));
        Assert.True((await _room.Unmute(loud.Id.Value, "alice")).IsDone);
        Assert.Empty((await _a.Report(_key)).Mutes);
        Assert.Equal(RefusalCode.NothingToUndo, (await _room.Unmute(loud.Id.Value)).Refusal!.Code);
    }

    [Fact]
    public async Task A_room_takes_no_more_bans_than_it_looks_through()
    {
        await _room.Create(new RoomSettings());
        for (var i = 0; i < 1000; i++)
            (await _room.Ban(new Ban { User = $"user{i}" })).ValueOrThrow();
        Assert.Equal(RefusalCode.InvalidSetting, (await _room.Ban(new Ban { User = "one more" })).Refusal!.Code);
        (await _room.Ban(new Ban { User = "user7", Reason = "Again." })).ValueOrThrow();
        Assert.Equal(1000, (await _room.DescribeModeration()).ValueOrThrow().Bans.Length);
    }

    [Fact]
    public async Task The_trail_keeps_the_newest_entries_and_says_who_did_what()
    {
        await _room.Create(new RoomSettings(), "alice");
        var member = await Seated(Member("bob"));
        await _room.Kick(member.Id, "noise", "carol\r\n");
        await _room.Set(new RoomSettings { Capacity = 7 }, "alice");
        Assert.Equal(["alice create", $"carol kick bob ({member.Id})", "alice set"], await Audit());
        var set = Assert.Single(await _cluster.Client.GetAudit(_key).List(1));
        Assert.Equal("Capacity: 7", set.Details);
        var audit = _cluster.Client.GetAudit(_key);
        for (var i = 0; i < 1000; i++)
            await audit.Append(set with { Details = $"{i}" });
        Assert.Equal(("999", 1000), ((await audit.List(2000))[0].Details, (await audit.List(2000)).Length));
        Assert.Equal("0", (await audit.List(2000))[^1].Details);
    }
}
