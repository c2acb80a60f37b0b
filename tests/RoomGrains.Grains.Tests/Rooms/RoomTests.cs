using Microsoft.Extensions.Time.Testing;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

/// <summary>A room among nodes, on a clock that the test owns.</summary>
public abstract class RoomTests<TSilos> : IClassFixture<TSilos>, IAsyncDisposable where TSilos : HeldSilos
{
    private readonly GrainCluster _cluster;
    private readonly RoomKey _key = new($"app{ConnectionId.New()}", "lobby");
    private readonly IRoomGrain _room;
    private readonly FakeNode _a, _b;

    protected RoomTests(TSilos silo)
    {
        _cluster = silo.Cluster;
        _room = _cluster.Client.GetRoom(_key);
        (_a, _b) = (new FakeNode(_cluster.Client, "a"), new FakeNode(_cluster.Client, "b"));
    }

    private FakeTimeProvider Clock => _cluster.Clock!;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _cluster.Client.GetCluster().RemoveNode("a");
        await _cluster.Client.GetCluster().RemoveNode("b");
    }

    private static SeatRequest Seat(string node = "a", ConnectionId? id = null) => new(new Member { Id = id ?? ConnectionId.New(), Node = node }, Approved: false);

    private async Task<RoomDetails> Describe() => (await _room.Describe()).ValueOrThrow();

    /// <summary>Nodes report once a second; the cluster grain forgets them otherwise.</summary>
    private async Task RegisterNodes()
    {
        await _a.Register();
        await _b.Register();
    }

    [Fact]
    public async Task A_member_is_kicked_through_its_node()
    {
        var member = _a.Sit(_key);
        await _a.Report(_key);
        Assert.True((await _room.Kick(member.Id, "noise")).IsDone);
        await Until.True(() => _a.Disconnects.Contains((_key, member.Id, "noise")), "the node was told");
        Assert.Equal(RefusalCode.NotAMember, (await _room.Kick(member.Id, "noise")).Refusal!.Code);

        // Not told, or not heeded: the node still has the member in its report, and is told again.
        _a.Disconnects.Clear();
        await _a.Report(_key);
        await Until.True(() => _a.Disconnects.Contains((_key, member.Id, "noise")), "the node was told again");
    }

    [Fact]
    public async Task A_reason_is_one_line_for_whoever_reads_it()
    {
        var (x, y) = (_a.Sit(_key), _a.Sit(_key));
        await _a.Report(_key);
        await _room.Kick(x.Id, "noise\r\ninfo: all is well");
        await _room.Close("The\u001b[2J end.");
        await Until.True(
            () => _a.Disconnects.Contains((_key, x.Id, "noiseinfo: all is well")) && _a.Disconnects.Contains((_key, y.Id, "The[2J end.")), "the node was told");
    }

    [Fact]
    public async Task Of_two_who_create_a_room_at_once_one_is_told_that_it_exists()
    {
        Task<Answer<RoomDetails>> first, second;
        using (var hold = CallHold.On(_key.Application, "SetPermanent"))
        {
            first = _room.Create(new RoomSettings { Capacity = 5 });
            await hold.Arrived;
            second = _room.Create(new RoomSettings { Capacity = 6 });
            // Answered after the second request has come, and before the first is done.
            Assert.Equal(RefusalCode.UnknownRoom, (await _room.Describe()).Refusal!.Code);
        }
        Assert.Equal(5, (await first).ValueOrThrow().Settings.Capacity);
        Assert.Equal(RefusalCode.RoomExists, (await second).Refusal!.Code);
        Assert.Equal(5, (await Describe()).Settings.Capacity);
    }

    [Fact]
    public async Task A_closed_room_puts_everybody_out_and_lets_nobody_in_for_a_while()
    {
        await _room.Create(new RoomSettings { Title = "Evening" });
        var (x, y) = (_a.Sit(_key), _b.Sit(_key));
        await _a.Report(_key);
        await _b.Report(_key);

        Assert.True((await _room.Close("The end.")).IsDone);
        await Until.True(() => _a.Disconnects.Contains((_key, x.Id, "The end.")) && _b.Disconnects.Contains((_key, y.Id, "The end.")), "both nodes were told");
        Assert.Equal(RefusalCode.RoomClosed, (await _room.TakeSeat(Seat())).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownRoom, (await _room.Describe()).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownRoom, (await _room.Close("again")).Refusal!.Code);
        Assert.Empty(await _cluster.Client.GetDirectory(_key.Application).ListRooms());

        await Until.True(
            async () =>
            {
                Clock.Advance(TimeSpan.FromSeconds(1));
                return (await _room.TakeSeat(Seat())).IsDone;
            },
            "the room can be made anew");
        Assert.Equal("", (await Describe()).Settings.Title);
    }

    [Fact]
    public async Task A_room_made_on_the_fly_goes_when_it_has_been_empty_for_a_while()
    {
        var seat = Seat();
        await _room.TakeSeat(seat);
        var directory = _cluster.Client.GetDirectory(_key.Application);
        await Until.True(async () => (await directory.ListRooms()).Length == 1, "it is listed");
        await _room.ReleaseSeat(seat.Member.Id);
        Clock.Advance(TimeSpan.FromSeconds(11));
        await Until.True(async () => (await directory.ListRooms()).IsEmpty, "it is listed no more");
        await Until.True(() => _cluster.SiloOf(_room) < 0, "it is not active any more");
    }

    [Fact]
    public async Task A_media_job_is_seen_in_a_room_and_takes_no_seat_in_it()
    {
        await _room.Create(new RoomSettings { Capacity = 1, WaitingRoom = true });
        var job = Seat() with { Member = new Member { Id = ConnectionId.New(), Node = "a", Service = "record" } };
        Assert.Equal(SeatOutcome.Seated, (await _room.TakeSeat(job)).ValueOrThrow().Outcome);
        Assert.Equal((0, 1, "record"), ((await Describe()).Summary.Members, (await Describe()).Members.Length, (await Describe()).Members[0].Service));
        Assert.Equal(SeatOutcome.Seated, (await _room.TakeSeat(Seat() with { Approved = true })).ValueOrThrow().Outcome);
        Assert.Equal(RefusalCode.RoomFull, (await _room.TakeSeat(Seat() with { Approved = true })).Refusal!.Code);
        Assert.True((await _room.TakeSeat(job with { Member = job.Member with { Id = ConnectionId.New() } })).IsDone);
        Assert.True((await _room.ClaimStream(new StreamClaim(job.Member.Id, "a", "cam_360p"))).IsDone);
        Assert.Equal((1, 3, 1), ((await Describe()).Summary.Members, (await Describe()).Members.Length, (await Describe()).Streams.Length));
    }

    [Fact]
    public async Task A_room_in_which_only_media_jobs_are_left_ends_and_they_go_by_themselves_or_are_put_out()
    {
        await RegisterNodes();
        var guest = Seat();
        await _room.TakeSeat(guest);
        var directory = _cluster.Client.GetDirectory(_key.Application);
        var (goes, stays) = (_a.Sit(_key, service: "record"), _a.Sit(_key, service: "hls"));
        await _a.Report(_key);
        Assert.Equal(3, (await Describe()).Members.Length);
        await _room.ReleaseSeat(guest.Member.Id);

        await AfterAsync(TimeSpan.FromSeconds(11));
        await Until.True(async () => (await directory.ListRooms()).IsEmpty, "it is listed no more");
        Assert.Equal(RefusalCode.UnknownRoom, (await _room.Describe()).Refusal!.Code);
        Assert.Empty(_a.Disconnects);

        _a.Leave(_key, goes.Id);
        // As long as jobs wait for a stream, and a minute.
        await AfterAsync(TimeSpan.FromSeconds(80));
        Assert.Empty(_a.Disconnects);
        await AfterAsync(TimeSpan.FromSeconds(14));
        await Until.True(() => !_a.Disconnects.IsEmpty, "the other is put out");
        Assert.All(_a.Disconnects, told => Assert.Equal((_key, stays.Id), (told.Room, told.Connection)));
        // Its node says once more that it is there, and then that it is gone.
        await _a.Report(_key);
        _a.Leave(_key, stays.Id);
        await _a.Report(_key);
        Clock.Advance(TimeSpan.FromSeconds(12));
        await Until.True(() => _cluster.SiloOf(_room) < 0, "it is not active any more");
        Assert.Empty(await directory.ListRooms());
    }

    [Fact]
    public async Task A_guest_who_comes_to_a_media_job_that_waits_makes_the_room()
    {
        await RegisterNodes();
        _a.Sit(_key, service: "record");
        await _a.Report(_key);
        await AfterAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(RefusalCode.UnknownRoom, (await _room.Describe()).Refusal!.Code);
        await _room.TakeSeat(Seat());
        Assert.Equal((1, 2), ((await Describe()).Summary.Members, (await Describe()).Members.Length));
        var directory = _cluster.Client.GetDirectory(_key.Application);
        await Until.True(async () => (await directory.ListRooms()) is [{ Members: 1 }], "it is listed");
    }

    /// <summary>Lets time pass in which node a reports as nodes do.</summary>
    private async Task AfterAsync(TimeSpan time)
    {
        for (var end = Clock.GetUtcNow() + time; Clock.GetUtcNow() < end; Clock.Advance(TimeSpan.FromSeconds(1)))
            await _a.Report(_key);
    }

    [Fact]
    public async Task A_room_that_lost_its_memory_has_all_its_members_again()
    {
        await RegisterNodes();
        var (x, y) = (_a.Sit(_key), _b.Sit(_key));
        await _room.TakeSeat(new SeatRequest(x, false));
        await _room.TakeSeat(new SeatRequest(y, false));
        await _a.Report(_key);
        await _b.Report(_key);
        var epoch = (await _room.ClaimStream(new StreamClaim(x.Id, "a", "cam"))).ValueOrThrow();
        _a.Streams[_key] = [new StreamInfo { Name = "cam", Publisher = x.Id, Origin = "a", Epoch = epoch, VideoCodec = "H.264" }];

        await _cluster.Deactivate(_room);

        var details = await Describe();
        Assert.Equal(new HashSet<ConnectionId> { x.Id, y.Id }, details.Members.Select(m => m.Id).ToHashSet());
        var stream = Assert.Single(details.Streams);
        Assert.Equal(("cam", epoch, "H.264"), (stream.Name, stream.Epoch, stream.VideoCodec));
        Assert.True((await _room.ClaimStream(new StreamClaim(x.Id, "a", "cam"))).ValueOrThrow() > epoch);
    }

    [Fact]
    public async Task A_room_that_lost_its_memory_gives_no_seat_away_before_it_knows_who_is_in_it()
    {
        await _room.Create(new RoomSettings { Capacity = 2 });
        _a.Sit(_key);
        _b.Sit(_key);
        await _cluster.Deactivate(_room);
        await RegisterNodes();
        _b.Answers = false;

        var seat = _room.TakeSeat(Seat());
        await Until.True(() => _a.Asked.Contains(_key) && _b.Asked.Contains(_key), "both nodes were asked");
        Assert.False(seat.IsCompleted);
        await _b.Report(_key);
        Assert.Equal(RefusalCode.RoomFull, (await seat).Refusal!.Code);
    }

    [Fact]
    public async Task A_node_that_does_not_answer_holds_a_room_up_for_two_seconds_only()
    {
        await RegisterNodes();
        _b.Answers = false;
        var seat = _room.TakeSeat(Seat());
        await Until.True(() => _b.Asked.Contains(_key), "the node was asked");
        await Until.True(
            () =>
            {
                Clock.Advance(TimeSpan.FromSeconds(0.5));
                return Task.FromResult(seat.IsCompleted);
            },
            "the room goes on");
        Assert.True((await seat).IsDone);
    }

    [Fact]
    public async Task A_node_that_stops_reporting_loses_its_members()
    {
        _a.Sit(_key);
        var stays = _b.Sit(_key);
        await _a.Report(_key);
        await _b.Report(_key);
        for (var second = 0; second < 12; second += 3)
        {
            Clock.Advance(TimeSpan.FromSeconds(3));
            await _b.Report(_key);
        }
        await Until.True(async () => (await Describe()).Members.Length == 1, "the node's member has gone");
        Assert.Equal(stays.Id, (await Describe()).Members.Single().Id);
    }

    [Fact]
    public async Task A_report_that_comes_late_is_ignored()
    {
        var member = _a.Sit(_key);
        await _room.Report(new NodePresence { Node = "a", Sequence = 10, Members = [member] });
        await _room.Report(new NodePresence { Node = "a", Sequence = 9 });
        Assert.Single((await Describe()).Members);
    }

    [Fact]
    public async Task A_taken_over_publisher_is_told_through_its_node()
    {
        var (x, y) = (_a.Sit(_key), _b.Sit(_key));
        await _a.Report(_key);
        await _b.Report(_key);
        var first = (await _room.ClaimStream(new StreamClaim(x.Id, "a", "cam"))).ValueOrThrow();
        Assert.Equal(RefusalCode.StreamNameTaken, (await _room.ClaimStream(new StreamClaim(y.Id, "b", "cam"))).Refusal!.Code);

        _a.Streams[_key] = [new StreamInfo { Name = "cam", Publisher = x.Id, Origin = "a", Epoch = first, Silence = TimeSpan.FromSeconds(4) }];
        await _a.Report(_key);
        var second = (await _room.ClaimStream(new StreamClaim(y.Id, "b", "cam"))).ValueOrThrow();
        await Until.True(() => _a.Takeovers.Contains((new StreamKey(_key, "cam"), second)), "the old origin was told");

        await _room.ReleaseStream("cam", first);
        Assert.Equal(second, Assert.Single((await Describe()).Streams).Epoch);
        await _room.ReleaseStream("cam", second);
        Assert.Empty((await Describe()).Streams);
    }

    [Fact]
    public async Task Players_of_all_nodes_are_counted()
    {
        var x = _a.Sit(_key);
        await _a.Report(_key);
        var epoch = (await _room.ClaimStream(new StreamClaim(x.Id, "a", "cam"))).ValueOrThrow();
        var stream = new StreamInfo { Name = "cam", Publisher = x.Id, Origin = "a", Epoch = epoch, Players = 2 };
        await _room.Report(new NodePresence { Node = "a", Sequence = 100, Members = [x], Streams = [stream], Players = new Dictionary<string, int> { ["cam"] = 2 }.ToImmutable() });
        await _room.Report(new NodePresence { Node = "b", Sequence = 100, Players = new Dictionary<string, int> { ["cam"] = 3 }.ToImmutable() });
        Assert.Equal(5, Assert.Single((await Describe()).Streams).Players);
    }

    [Fact]
    public async Task Settings_are_checked_merged_and_followed()
    {
        Assert.Equal(RefusalCode.InvalidSetting, (await _room.Create(new RoomSettings { Capacity = 0 })).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownRoom, (await _room.Set(new RoomSettings { Capacity = 3 })).Refusal!.Code);
        await _room.Create(new RoomSettings { Capacity = 5, Title = "Evening" });
        Assert.Equal(RefusalCode.RoomExists, (await _room.Create(new RoomSettings())).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidSetting, (await _room.Set(new RoomSettings { Deadline = TimeSpan.FromDays(1), Title = new string('x', 201) })).Refusal!.Code);

        var settings = (await _room.Set(new RoomSettings { Capacity = 7 })).ValueOrThrow().Settings;
        Assert.Equal((7, "Evening", false), (settings.Capacity, settings.Title, settings.WaitingRoom));

        var directory = _cluster.Client.GetDirectory(_key.Application);
        await directory.SetSettings(new ApplicationSettings { RoomDefaults = new RoomSettings { Capacity = 9, WaitingRoom = true } });
        await Until.True(async () => (await Describe()).Settings.WaitingRoom, "the room follows its application");
        Assert.Equal((7, TimeSpan.FromMinutes(5)), ((await Describe()).Settings.Capacity, (await Describe()).Settings.Deadline));
        Assert.Equal(RefusalCode.InvalidSetting, (await directory.SetSettings(new ApplicationSettings { RoomDefaults = new RoomSettings { Capacity = -1 } })).Refusal!.Code);
    }

    [Fact]
    public async Task Jobs_that_begin_by_themselves_are_profiles_with_commas_between_them_and_none_is_a_setting_too()
    {
        await _cluster.Client.GetDirectory(_key.Application).SetSettings(new ApplicationSettings { RoomDefaults = new RoomSettings { Auto = "thumbnail" } });
        await _room.Create(new RoomSettings());
        await Until.True(async () => (await Describe()).Settings.Auto == "thumbnail", "the room follows its application");
        Assert.Equal("record,hls", (await _room.Set(new RoomSettings { Auto = "record,hls" })).ValueOrThrow().Settings.Auto);
        Assert.Equal("record,hls", (await _room.Set(new RoomSettings { Capacity = 5 })).ValueOrThrow().Settings.Auto);
        foreach (var wrong in (string[])["record,", ",", "record hls", "../x", "-f", "a,b,c,d,e,f,g,h,i", "record\nhls"])
            Assert.Equal((wrong, RefusalCode.InvalidSetting), (wrong, (await _room.Set(new RoomSettings { Auto = wrong })).Refusal!.Code));
        Assert.Equal("record,hls", (await Describe()).Settings.Auto);
        Assert.Equal("", (await _room.Set(new RoomSettings { Auto = "" })).ValueOrThrow().Settings.Auto);
    }

    [Fact]
    public async Task A_member_who_took_a_seat_stays_when_the_room_becomes_a_waiting_room()
    {
        var seat = Seat();
        await _room.TakeSeat(seat);
        await _room.Set(new RoomSettings { WaitingRoom = true });
        Assert.Equal(SeatOutcome.Seated, (await _room.TakeSeat(seat)).ValueOrThrow().Outcome);
        Assert.Equal(SeatOutcome.NeedsApproval, (await _room.TakeSeat(Seat())).ValueOrThrow().Outcome);
    }

    [Fact]
    public async Task Stream_names_that_break_the_rule_are_refused()
    {
        Assert.Equal(RefusalCode.InvalidName, (await _room.ClaimStream(new StreamClaim(ConnectionId.New(), "a", "../x"))).Refusal!.Code);
        Assert.Equal(RefusalCode.NotAMember, (await _room.ClaimStream(new StreamClaim(ConnectionId.New(), "a", "cam"))).Refusal!.Code);
    }

    [Fact]
    public async Task Nodes_that_stop_reporting_are_forgotten_and_applications_are_not()
    {
        await RegisterNodes();
        await _cluster.Client.Admit(Requests.New(_key.Application, "lobby"));
        Clock.Advance(TimeSpan.FromSeconds(4));
        await _a.Register();
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("a", Assert.Single(await _cluster.Client.GetCluster().ListNodes()).Name);
        await Until.True(async () => (await _cluster.Client.GetCluster().ListApplications()).Contains(_key.Application), "the application is known");
    }
}

file static class Dictionaries
{
    public static System.Collections.Immutable.ImmutableDictionary<string, int> ToImmutable(this Dictionary<string, int> dictionary) =>
        System.Collections.Immutable.ImmutableDictionary.CreateRange(dictionary);
}

/// <summary>With one silo.</summary>
public sealed class RoomOnOneSiloTests(OneHeldSilo silo) : RoomTests<OneHeldSilo>(silo);

/// <summary>With three.</summary>
public sealed class RoomOnThreeSilosTests(ThreeHeldSilos silos) : RoomTests<ThreeHeldSilos>(silos);
