using Microsoft.Extensions.Time.Testing;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Pending;

/// <summary>Humans decide by id.</summary>
public abstract class WaitingRoomTests<TSilos>(TSilos silo) : IClassFixture<TSilos> where TSilos : HeldSilos
{
    private readonly GrainCluster _cluster = silo.Cluster;
    private readonly RoomKey _room = new($"app{ConnectionId.New()}", "lobby");

    private FakeTimeProvider Clock => _cluster.Clock!;

    private async Task<(IPendingConnectionGrain Grain, Task<Verdict> Admission)> Wait(RoomSettings? settings = null)
    {
        await _cluster.Client.GetRoom(_room).Create(settings ?? new RoomSettings { WaitingRoom = true });
        return await WaitAgain();
    }

    private async Task<(IPendingConnectionGrain Grain, Task<Verdict> Admission)> WaitAgain()
    {
        var request = Requests.New(_room.Application, _room.Room, since: Clock.GetUtcNow());
        var admission = _cluster.Client.Admit(request);
        await _cluster.Client.UntilItWaitsFor(request.Connection, "approval");
        return (_cluster.Client.GetPending(request.Connection), admission);
    }

    private static async Task Confirm(IPendingConnectionGrain grain, Task<Verdict> admission, bool delivered = true)
    {
        Assert.True((await admission).ConfirmDelivery);
        await grain.Confirm(delivered);
    }

    [Fact]
    public async Task An_approved_connection_is_in_and_its_approver_hears_that_it_was_told()
    {
        var (grain, admission) = await Wait();
        var approval = grain.Approve("alice");
        await Confirm(grain, admission);

        var verdict = (await approval).ValueOrThrow();
        Assert.Equal((VerdictKind.Accept, "alice", _room), (verdict.Kind, verdict.DecidedBy, verdict.Room!.Value));
        Assert.Equal(verdict, await admission);
        Assert.Equal(verdict.Connection, Assert.Single((await _cluster.Client.GetRoom(_room).Describe()).ValueOrThrow().Members).Id);
    }

    [Fact]
    public async Task A_rejected_connection_is_told_the_reason()
    {
        var (grain, admission) = await Wait();
        var rejection = grain.Reject("alice", "Not\r\n today.");
        await Confirm(grain, admission);
        Assert.True((await rejection).IsDone);
        var verdict = await admission;
        Assert.Equal((VerdictKind.Reject, RefusalCode.Denied, "Not today."), (verdict.Kind, verdict.Code, verdict.Description));
    }

    [Fact]
    public async Task A_redirect_goes_to_an_rtmp_url_or_is_refused()
    {
        var (grain, admission) = await Wait();
        foreach (var wrong in (string[])["", "two.example", "http://two.example/chat", "rtmp:///chat", "rtmp://user:secret@two.example/chat"])
            Assert.Equal(RefusalCode.InvalidSetting, (await grain.Redirect("alice", wrong)).Refusal!.Code);
        var redirect = grain.Redirect("alice", "rtmps://two.example:443/chat/lobby");
        await Confirm(grain, admission);
        Assert.Equal("rtmps://two.example:443/chat/lobby", (await redirect).ValueOrThrow().RedirectUrl);
    }

    [Fact]
    public async Task A_decision_that_nobody_confirms_is_returned_after_a_while_and_the_trail_says_so()
    {
        var (grain, admission) = await Wait();
        var rejection = grain.Reject("alice", "no");
        await admission;
        await Until.True(
            () =>
            {
                Clock.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(rejection.IsCompleted);
            },
            "the decision returns");
        Assert.True((await rejection).IsDone);
        Assert.Contains((await grain.Describe()).ValueOrThrow().Trail, t => t.What.Contains("has not confirmed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_had_left_when_it_was_accepted_is_gone_and_so_is_its_seat()
    {
        var (grain, admission) = await Wait();
        var approval = grain.Approve("alice");
        await Confirm(grain, admission, delivered: false);
        Assert.Equal(RefusalCode.Gone, (await approval).Refusal!.Code);
        await Until.True(async () => (await _cluster.Client.GetRoom(_room).Describe()).ValueOrThrow().Members.IsEmpty, "its seat is free");
        Assert.Equal(RefusalCode.Gone, (await grain.Reject("bob", "late")).Refusal!.Code);
    }

    [Fact]
    public async Task A_client_that_left_is_gone_for_every_decider()
    {
        var (grain, admission) = await Wait();
        await grain.Abandon();
        Assert.Equal(RefusalCode.Gone, (await admission).Code);
        Assert.Equal(RefusalCode.Gone, (await grain.Approve("alice")).Refusal!.Code);
        Assert.Equal(RefusalCode.Gone, (await grain.Reject("alice", "no")).Refusal!.Code);
        var details = (await grain.Describe()).ValueOrThrow();
        Assert.Equal(PendingState.Abandoned, details.Summary.State);
        Assert.Null(details.Verdict);
    }

    [Fact]
    public async Task A_queue_does_not_fill_a_room_and_a_full_room_keeps_it_waiting()
    {
        var (first, firstAdmission) = await Wait(new RoomSettings { WaitingRoom = true, Capacity = 1 });
        var (second, secondAdmission) = await WaitAgain();
        Assert.Empty((await _cluster.Client.GetRoom(_room).Describe()).ValueOrThrow().Members);

        var approval = first.Approve("alice");
        await Confirm(first, firstAdmission);
        Assert.True((await approval).IsDone);

        Assert.Equal(RefusalCode.RoomFull, (await second.Approve("alice")).Refusal!.Code);
        Assert.Equal("approval", (await second.Describe()).ValueOrThrow().Summary.WaitsFor);
        await _cluster.Client.GetRoom(_room).ReleaseSeat((await firstAdmission).Connection);
        approval = second.Approve("alice");
        await Confirm(second, secondAdmission);
        Assert.True((await approval).IsDone);
    }

    [Fact]
    public async Task A_second_decider_hears_who_decided_and_what()
    {
        var (grain, admission) = await Wait();
        var rejection = grain.Reject("alice", "no");
        await admission;
        var late = (await grain.Approve("bob")).Refusal!;
        Assert.Equal(RefusalCode.AlreadyDecided, late.Code);
        Assert.Contains("alice", late.Message, StringComparison.Ordinal);
        Assert.Contains("rejected", late.Message, StringComparison.Ordinal);
        await grain.Confirm(true);
        await rejection;
    }

    [Fact]
    public async Task Of_two_moderators_at_once_exactly_one_wins()
    {
        await _cluster.Client.GetRoom(_room).Create(new RoomSettings { WaitingRoom = true });
        for (var round = 0; round < 20; round++)
        {
            var (grain, admission) = await WaitAgain();
            var confirmed = Confirm(grain, admission);
            var decisions = await Task.WhenAll(grain.Approve("alice"), grain.Reject("bob", "no"), grain.Approve("carol"), grain.Redirect("dave", "rtmp://two.example/chat"));
            await confirmed;

            var winner = Assert.Single(decisions, d => d.IsDone).Value!;
            Assert.Equal(await admission, winner);
            Assert.All(decisions.Where(d => !d.IsDone), d => Assert.Equal(RefusalCode.AlreadyDecided, d.Refusal!.Code));
            var seated = (await _cluster.Client.GetRoom(_room).Describe()).ValueOrThrow().Members.Any(m => m.Id == winner.Connection);
            if (winner.Kind == VerdictKind.Accept)
                Assert.True(seated);
            else
                await Until.True(async () => (await _cluster.Client.GetRoom(_room).Describe()).ValueOrThrow().Members.All(m => m.Id != winner.Connection), "the loser's seat is free");
        }
    }

    [Fact]
    public async Task Who_waits_knows_its_place_and_the_rooms_watchers_see_the_queue()
    {
        await _cluster.Client.GetRoom(_room).Create(new RoomSettings { WaitingRoom = true });
        var watcher = new Rooms.Watcher();
        (await _cluster.Client.GetRoom(_room).Watch(_cluster.Client.CreateObjectReference<IRoomObserver>(watcher))).ValueOrThrow();
        var (first, firstAdmission) = await WaitAgain();
        await watcher.UntilHas(RoomEventKind.GuestWaits);
        Clock.Advance(TimeSpan.FromSeconds(1));
        var (second, _) = await WaitAgain();
        var ids = new[] { first, second }.Select(grain => new ConnectionId(grain.GetPrimaryKeyString())).ToArray();
        await Until.True(
            async () => (await _cluster.Client.GetRoom(_room).Describe()).ValueOrThrow().Waiting.Select(guest => guest.Id).SequenceEqual(ids), "the room knows both, the first before the second");
        var request = Requests.New(_room.Application, _room.Room, id: ids[1]);
        await Until.True(async () => (await second.Admit(request, TimeSpan.Zero)).Position == 2, "the second knows that one is before it");

        var approval = first.Approve("alice");
        await Confirm(first, firstAdmission);
        Assert.True((await approval).IsDone);
        await watcher.UntilHas(RoomEventKind.GuestDecided);
        Assert.Equal(ids[1], Assert.Single((await _cluster.Client.GetRoom(_room).Describe()).ValueOrThrow().Waiting).Id);
        await Until.True(
            async () =>
            {
                // It asks the room again when it renews its line.
                Clock.Advance(TimeSpan.FromSeconds(1));
                return (await second.Admit(request, TimeSpan.Zero)).Position == 1;
            },
            "the second is next");
        var entry = Assert.Single((await _cluster.Client.GetAudit(_room).List(100)).Where(entry => entry.Action == "approve"));
        Assert.Equal(("alice", ids[0].Value), (entry.By, entry.Subject));
    }

    [Fact]
    public async Task An_approval_overtakes_a_slow_step()
    {
        ScriptedStep.Scripts[_room.Application] = async (_, token) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return RoomGrains.Grains.Pending.StepResult.Continue;
        };
        var request = Requests.New(_room.Application, null, since: Clock.GetUtcNow());
        var admission = _cluster.Client.Admit(request);
        await _cluster.Client.UntilItWaitsFor(request.Connection, "script");
        var grain = _cluster.Client.GetPending(request.Connection);
        var approval = grain.Approve("alice");
        await Confirm(grain, admission);
        Assert.Equal("room-1", (await approval).ValueOrThrow().Room!.Value.Room);
    }

    [Fact]
    public async Task A_waiting_room_has_its_own_deadline()
    {
        var (grain, admission) = await Wait();
        Assert.Equal(TimeSpan.FromMinutes(5), await Waits(grain));
        var request = Requests.New(_room.Application, _room.Room, id: (await grain.Describe()).ValueOrThrow().Summary.Id);
        for (var i = 0; i < 30; i++)
        {
            // The gateway asks every ten seconds.
            Assert.Null((await grain.Admit(request, TimeSpan.Zero)).Verdict);
            Clock.Advance(TimeSpan.FromSeconds(10));
        }
        var verdict = await admission;
        Assert.Equal((VerdictKind.Reject, RefusalCode.Denied, "deadline"), (verdict.Kind, verdict.Code, verdict.DecidedBy));
        Assert.Contains("moderator", verdict.Description, StringComparison.Ordinal);
    }

    /// <summary>The silo of its grain has died: the next activation hears of it now, and must not count what no room has said yet.</summary>
    [Theory, InlineData(20), InlineData(60), InlineData(299)]
    public async Task Who_has_waited_at_a_silo_that_died_goes_on_waiting_as_long_as_the_room_lets_it(int waited)
    {
        await _cluster.Client.GetRoom(_room).Create(new RoomSettings { WaitingRoom = true });
        var request = Requests.New(_room.Application, _room.Room, since: Clock.GetUtcNow()) with { Waited = TimeSpan.FromSeconds(waited) };
        var admission = _cluster.Client.Admit(request);
        var grain = _cluster.Client.GetPending(request.Connection);
        await _cluster.Client.UntilItWaitsFor(request.Connection, "approval");
        Assert.Equal(Clock.GetUtcNow().AddSeconds(300 - waited), (await grain.Describe()).ValueOrThrow().Summary.Deadline);
        Clock.Advance(TimeSpan.FromSeconds(1));
        if (waited < 299)
        {
            Assert.Equal(PendingState.Pending, (await grain.Describe()).ValueOrThrow().Summary.State);
            await grain.Abandon();
        }
        Assert.Equal(waited < 299 ? "gateway" : "deadline", (await admission).DecidedBy);
    }

    [Fact]
    public async Task A_rooms_own_deadline_goes_before()
    {
        var (grain, admission) = await Wait(new RoomSettings { WaitingRoom = true, Deadline = TimeSpan.FromSeconds(5) });
        Assert.Equal(TimeSpan.FromSeconds(5), await Waits(grain));
        Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("deadline", (await admission).DecidedBy);
    }

    private static async Task<TimeSpan> Waits(IPendingConnectionGrain grain)
    {
        var summary = (await grain.Describe()).ValueOrThrow().Summary;
        return summary.Deadline - summary.Since;
    }
}

/// <summary>With one silo.</summary>
public sealed class WaitingRoomOnOneSiloTests(OneHeldSilo silo) : WaitingRoomTests<OneHeldSilo>(silo);

/// <summary>With three.</summary>
public sealed class WaitingRoomOnThreeSilosTests(ThreeHeldSilos silos) : WaitingRoomTests<ThreeHeldSilos>(silos);
