using Microsoft.Extensions.Time.Testing;
using RoomGrains.Grains.Pending;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Pending;

/// <summary>What the policy does with one connection, on a clock that the test owns.</summary>
public abstract class PolicyTests<TSilos>(TSilos silo) : IClassFixture<TSilos> where TSilos : HeldSilos
{
    private readonly GrainCluster _cluster = silo.Cluster;
    private readonly string _application = $"app{ConnectionId.New()}";

    private FakeTimeProvider Clock => _cluster.Clock!;

    private AdmissionRequest New(string? room = "lobby") => Requests.New(_application, room, since: Clock.GetUtcNow());

    private void Script(Func<AdmissionContext, CancellationToken, Task<StepResult>> script) => ScriptedStep.Scripts[_application] = script;

    [Theory, InlineData("../etc", "lobby"), InlineData("chat", "a/b"), InlineData("", null), InlineData("chat", ".hidden"), InlineData("chat", "cafe\u0301")]
    public async Task Names_that_break_the_rule_are_rejected(string application, string? room)
    {
        var verdict = await _cluster.Client.Admit(Requests.New(application, room));
        Assert.Equal((VerdictKind.Reject, RefusalCode.InvalidName), (verdict.Kind, verdict.Code));
        Assert.Contains(Names.Rule, verdict.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_names_no_room_gets_the_one_with_company()
    {
        await _cluster.Client.Admit(New("lobby"));
        await Until.True(async () => (await _cluster.Client.GetDirectory(_application).ListRooms()).Length == 1, "the room is in the directory");
        Assert.Equal("lobby", (await _cluster.Client.Admit(New(null))).Room!.Value.Room);
    }

    [Fact]
    public async Task Who_names_no_room_gets_a_new_one_when_all_are_full()
    {
        await _cluster.Client.GetRoom(new RoomKey(_application, "tiny")).Create(new RoomSettings { Capacity = 1 });
        var rooms = new List<string>();
        for (var i = 0; i < 2; i++)
            rooms.Add((await _cluster.Client.Admit(New(null))).Room!.Value.Room);
        Assert.Equal(["tiny", "room-1"], rooms);
    }

    [Fact]
    public async Task A_step_rejects_with_its_own_words()
    {
        Script((_, _) => Task.FromResult(StepResult.Reject(RefusalCode.Denied, "Members only.")));
        var verdict = await _cluster.Client.Admit(New());
        Assert.Equal((VerdictKind.Reject, RefusalCode.Denied, "Members only.", "policy"), (verdict.Kind, verdict.Code, verdict.Description, verdict.DecidedBy));
    }

    [Fact]
    public async Task A_step_redirects()
    {
        Script((_, _) => Task.FromResult(StepResult.Redirect("rtmp://two.example/chat/lobby")));
        var verdict = await _cluster.Client.Admit(New());
        Assert.Equal((VerdictKind.Redirect, "rtmp://two.example/chat/lobby"), (verdict.Kind, verdict.RedirectUrl));
    }

    [Fact]
    public async Task A_step_that_redirects_to_nowhere_rejects()
    {
        Script((_, _) => Task.FromResult(StepResult.Redirect("http://two.example/")));
        var verdict = await _cluster.Client.Admit(New());
        Assert.Equal((VerdictKind.Reject, RefusalCode.Unavailable), (verdict.Kind, verdict.Code));
    }

    [Fact]
    public async Task A_step_that_accepts_opens_a_waiting_room()
    {
        Script((_, _) => Task.FromResult(StepResult.Accept));
        await _cluster.Client.GetRoom(new RoomKey(_application, "lobby")).Create(new RoomSettings { WaitingRoom = true });
        Assert.Equal(VerdictKind.Accept, (await _cluster.Client.Admit(New())).Kind);
    }

    [Fact]
    public async Task A_step_that_fails_rejects_and_does_not_let_in()
    {
        Script((_, _) => throw new InvalidOperationException("a mistake in somebody's step"));
        var verdict = await _cluster.Client.Admit(New());
        Assert.Equal((VerdictKind.Reject, RefusalCode.Unavailable), (verdict.Kind, verdict.Code));
        Assert.DoesNotContain("mistake", verdict.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_cannot_reach_something_is_asked_again()
    {
        var asked = 0;
        Script((_, _) => Interlocked.Increment(ref asked) < 3 ? throw new TimeoutException() : Task.FromResult(StepResult.Continue));
        var request = New();
        var admission = _cluster.Client.Admit(request);
        await Until.True(
            () =>
            {
                Clock.Advance(TimeSpan.FromMilliseconds(100));
                return Task.FromResult(admission.IsCompleted);
            },
            "the step was asked three times");
        Assert.Equal(VerdictKind.Accept, (await admission).Kind);
        var trail = (await _cluster.Client.GetPending(request.Connection).Describe()).ValueOrThrow().Trail;
        Assert.Contains(trail, t => t.By == "script" && t.What.Contains("asking again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_waits_for_a_slow_step_is_in_the_list_until_decided()
    {
        var free = new TaskCompletionSource<StepResult>();
        Script((_, _) => free.Task);
        var request = New();
        var admission = _cluster.Client.Admit(request);
        var directory = _cluster.Client.GetDirectory(_application);
        await Until.True(async () => (await directory.ListPending()).Length == 1, "it is in the list");
        var line = (await directory.ListPending()).Single();
        Assert.Equal((request.Connection, "script", PendingState.Pending, "lobby"), (line.Id, line.WaitsFor, line.State, line.Room));

        free.SetResult(StepResult.Continue);
        Assert.Equal(VerdictKind.Accept, (await admission).Kind);
        await Until.True(async () => (await directory.ListPending()).IsEmpty, "it is not in the list any more");
    }

    [Fact]
    public async Task A_slow_step_of_one_connection_holds_up_no_other()
    {
        var slow = ConnectionId.New();
        Script((c, token) => c.Request.Connection == slow ? Task.Delay(Timeout.InfiniteTimeSpan, token).ContinueWith(_ => StepResult.Continue, token) : Task.FromResult(StepResult.Continue));
        var held = _cluster.Client.Admit(New() with { Connection = slow });
        for (var i = 0; i < 10; i++)
            Assert.Equal(VerdictKind.Accept, (await _cluster.Client.Admit(New())).Kind);
        Assert.False(held.IsCompleted);
        await _cluster.Client.GetPending(slow).Abandon();
        Assert.Equal(RefusalCode.Gone, (await held).Code);
    }

    [Fact]
    public async Task By_its_deadline_a_connection_is_told_what_it_waited_for()
    {
        Script((_, token) => Task.Delay(Timeout.InfiniteTimeSpan, token).ContinueWith(_ => StepResult.Continue, token));
        var request = New();
        var admission = _cluster.Client.Admit(request);
        await _cluster.Client.UntilItWaitsFor(request.Connection, "script");

        Clock.Advance(TimeSpan.FromSeconds(29.9));
        Assert.True((await _cluster.Client.GetPending(request.Connection).Describe()).ValueOrThrow().Summary.State == PendingState.Pending);
        Clock.Advance(TimeSpan.FromSeconds(0.2));

        var verdict = await admission;
        Assert.Equal((VerdictKind.Reject, RefusalCode.Unavailable, "deadline"), (verdict.Kind, verdict.Code, verdict.DecidedBy));
        Assert.Contains("script", verdict.Description, StringComparison.Ordinal);
        Assert.Equal(PendingState.TimedOut, (await _cluster.Client.GetPending(request.Connection).Describe()).ValueOrThrow().Summary.State);
    }

    [Theory, InlineData(null), InlineData(20)]
    public async Task A_slow_step_has_the_time_that_application_and_room_allow(int? ofRoom)
    {
        Script((_, token) => Task.Delay(Timeout.InfiniteTimeSpan, token).ContinueWith(_ => StepResult.Continue, token));
        await _cluster.Client.GetDirectory(_application).SetSettings(new ApplicationSettings { RoomDefaults = new RoomSettings { Deadline = TimeSpan.FromSeconds(10) } });
        if (ofRoom is { } seconds)
            await _cluster.Client.GetRoom(new RoomKey(_application, "lobby")).Create(new RoomSettings { Deadline = TimeSpan.FromSeconds(seconds) });
        var request = New();
        var admission = _cluster.Client.Admit(request);
        var expected = request.Since + TimeSpan.FromSeconds(ofRoom ?? 10);
        await Until.True(async () => (await _cluster.Client.GetPending(request.Connection).Describe()).Value?.Summary.Deadline == expected, "the deadline is known");
        Clock.Advance(TimeSpan.FromSeconds(ofRoom ?? 10));
        Assert.Equal("deadline", (await admission).DecidedBy);
    }

    [Theory, InlineData(-3600), InlineData(3600)]
    public async Task A_gateways_clock_that_is_wrong_neither_shortens_the_wait_nor_lengthens_it(int seconds)
    {
        Script((_, token) => Task.Delay(Timeout.InfiniteTimeSpan, token).ContinueWith(_ => StepResult.Continue, token));
        var grain = _cluster.Client.GetPending(ConnectionId.New());
        var request = New() with { Connection = new ConnectionId(grain.GetPrimaryKeyString()), Since = Clock.GetUtcNow().AddSeconds(seconds) };
        Assert.Null((await grain.Admit(request, TimeSpan.Zero)).Verdict);
        var waits = (await grain.Describe()).ValueOrThrow().Summary;
        Assert.Equal((Clock.GetUtcNow(), Clock.GetUtcNow().AddSeconds(30)), (waits.Since, waits.Deadline));
    }

    [Fact]
    public async Task Who_has_waited_at_a_silo_that_died_does_not_wait_from_the_beginning()
    {
        Script((_, token) => Task.Delay(Timeout.InfiniteTimeSpan, token).ContinueWith(_ => StepResult.Continue, token));
        var request = New() with { Waited = TimeSpan.FromSeconds(20) };
        var answer = await _cluster.Client.GetPending(request.Connection).Admit(request, TimeSpan.Zero);
        Assert.Equal(Clock.GetUtcNow().AddSeconds(10), answer.Deadline);
    }

    [Fact]
    public async Task A_gateway_that_asks_no_more_is_dead_and_its_connection_abandoned()
    {
        Script((_, token) => Task.Delay(Timeout.InfiniteTimeSpan, token).ContinueWith(_ => StepResult.Continue, token));
        var request = New();
        var grain = _cluster.Client.GetPending(request.Connection);
        Assert.Null((await grain.Admit(request, TimeSpan.Zero)).Verdict);
        Clock.Advance(TimeSpan.FromSeconds(16));
        await Until.True(async () => (await grain.Describe()).ValueOrThrow().Summary.State == PendingState.Abandoned, "it is abandoned");
        Assert.Equal(RefusalCode.Gone, (await grain.Approve("alice")).Refusal!.Code);
        Assert.Equal(RefusalCode.Gone, (await grain.Admit(request, TimeSpan.FromSeconds(1))).Verdict!.Code);
    }

    [Fact]
    public async Task A_room_that_may_not_be_made_on_the_fly_is_unknown()
    {
        var settings = new ApplicationSettings { CreateRoomsOnTheFly = false };
        Assert.True((await _cluster.Client.GetDirectory(_application).SetSettings(settings)).IsDone);
        Assert.Equal(RefusalCode.UnknownRoom, (await _cluster.Client.Admit(New("lobby"))).Code);
        Assert.Equal(RefusalCode.RoomFull, (await _cluster.Client.Admit(New(null))).Code);

        await _cluster.Client.GetRoom(new RoomKey(_application, "lobby")).Create(new RoomSettings { Capacity = 2 });
        Assert.Equal(VerdictKind.Accept, (await _cluster.Client.Admit(New("lobby"))).Kind);
        Assert.Equal("lobby", (await _cluster.Client.Admit(New(null))).Room!.Value.Room);
        Assert.Equal(RefusalCode.RoomFull, (await _cluster.Client.Admit(New("lobby"))).Code);
    }

    [Fact]
    public async Task A_seat_that_is_given_after_its_client_left_is_freed()
    {
        var key = new RoomKey(_application, "lobby");
        var request = New();
        Task<Verdict> admission;
        using (var hold = CallHold.On(key.ToString(), nameof(IRoomGrain.TakeSeat)))
        {
            admission = _cluster.Client.Admit(request);
            await hold.Arrived;
            await _cluster.Client.GetPending(request.Connection).Abandon();
        }
        Assert.Equal(RefusalCode.Gone, (await admission).Code);
        var room = _cluster.Client.GetRoom(key);
        await Until.True(async () => (await room.Describe()).Refusal?.Code == RefusalCode.UnknownRoom, "nobody is in the room");
    }

    [Fact]
    public async Task A_client_that_left_before_its_first_call_came_is_not_admitted()
    {
        var request = New();
        var grain = _cluster.Client.GetPending(request.Connection);
        await grain.Abandon();
        Assert.Equal(RefusalCode.Gone, (await grain.Admit(request, TimeSpan.FromSeconds(1))).Verdict!.Code);
        Assert.Equal(RefusalCode.UnknownRoom, (await _cluster.Client.GetRoom(new RoomKey(_application, "lobby")).Describe()).Refusal!.Code);
    }

    [Fact]
    public async Task An_accepted_client_that_had_left_gives_its_seat_back()
    {
        var request = New();
        await _cluster.Client.Admit(request);
        await _cluster.Client.GetPending(request.Connection).Abandon();
        Assert.Equal(RefusalCode.UnknownRoom, (await _cluster.Client.GetRoom(new RoomKey(_application, "lobby")).Describe()).Refusal!.Code);
    }

    [Fact]
    public async Task A_decided_connection_can_be_explained_for_a_while_and_then_goes()
    {
        var request = New();
        var grain = _cluster.Client.GetPending(request.Connection);
        await _cluster.Client.Admit(request);
        var details = (await grain.Describe()).ValueOrThrow();
        Assert.Equal(PendingState.Accepted, details.Summary.State);
        Assert.Contains(details.Trail, t => t.What.Contains("accepted to", StringComparison.Ordinal));

        Clock.Advance(TimeSpan.FromMinutes(2));
        await Until.True(async () => (await grain.Describe()).Refusal?.Code == RefusalCode.UnknownConnection, "it is forgotten");
    }

    [Fact]
    public async Task Nothing_is_known_of_a_connection_that_never_was()
    {
        var grain = _cluster.Client.GetPending(ConnectionId.New());
        Assert.Equal(RefusalCode.UnknownConnection, (await grain.Approve("alice")).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownConnection, (await grain.Reject("alice", "no")).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownConnection, (await grain.Describe()).Refusal!.Code);
    }

    [Fact]
    public async Task A_request_for_another_connection_is_an_error()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _cluster.Client.GetPending(ConnectionId.New()).Admit(New(), TimeSpan.Zero));
    }
}

/// <summary>With one silo.</summary>
public sealed class PolicyOnOneSiloTests(OneHeldSilo silo) : PolicyTests<OneHeldSilo>(silo);

/// <summary>With three.</summary>
public sealed class PolicyOnThreeSilosTests(ThreeHeldSilos silos) : PolicyTests<ThreeHeldSilos>(silos);
