using Microsoft.Extensions.Time.Testing;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.SharedObjects;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Shared objects at the wire: who is told what, in which order.</summary>
public sealed class SharedObjectTests(GrainFixture fixture) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;
    private readonly RoomKey _room = fixture.NewRoom();

    [Fact]
    public async Task Who_changes_a_slot_is_told_success_and_the_others_the_change()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await using var bob = await Guest.JoinAsync(gateway, _room, _cancel);
        Assert.Equal("notes{Used Clear}", await alice.UseAsync("notes"));
        await alice.ShareAsync("notes", SharedObjectEvent.RequestChange("x", 1), SharedObjectEvent.RequestChange("y", "two"));
        Assert.Equal("notes{ok:x ok:y}", await alice.ReadAsync(1));
        Assert.Equal(1u, alice.HeardObject.Version);
        Assert.Equal("""notes{Used Clear x=1 y="two"}""", await bob.UseAsync("notes"));
        Assert.Equal(1u, bob.HeardObject.Version);

        await bob.ShareAsync("notes", SharedObjectEvent.RequestChange("x", 5));
        Assert.Equal("notes{ok:x}", await bob.ReadAsync(1));
        Assert.Equal("notes{x=5}", await alice.ReadAsync(1));
        await bob.ShareAsync("notes", SharedObjectEvent.RequestRemove("x"));
        Assert.Equal("notes{-x}", await bob.ReadAsync(1));
        Assert.Equal("notes{-x}", await alice.ReadAsync(1));
        await alice.ShareAsync("notes", SharedObjectEvent.Send("hello", "you", 2));
        Assert.Equal("""notes{hello("you",2)}""", await alice.ReadAsync(1));
        Assert.Equal("""notes{hello("you",2)}""", await bob.ReadAsync(1));
        await alice.ShareAsync("notes", SharedObjectEvent.Of(SharedObjectEventType.RequestClear));
        Assert.Equal("notes{Clear}", await alice.ReadAsync(1));
        Assert.Equal("notes{Clear}", await bob.ReadAsync(1));
        Assert.Equal(4u, bob.HeardObject.Version);
    }

    [Fact]
    public async Task A_proxy_is_told_the_values_of_its_own_changes()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var proxy = await Guest.JoinAsync(gateway, _room, _cancel);
        await using var bob = await Guest.JoinAsync(gateway, _room, _cancel);
        Assert.Equal("notes{Used Clear}", await proxy.UseProxiedAsync("notes"));
        Assert.Equal("notes{Used Clear}", await bob.UseAsync("notes"));
        await proxy.ShareAsync("notes", SharedObjectEvent.RequestChange("x", 1));
        Assert.Equal("notes{ok:x=1}", await proxy.ReadAsync(1));
        Assert.Equal("notes{x=1}", await bob.ReadAsync(1));
        await bob.ShareAsync("notes", SharedObjectEvent.RequestChange("x", 2));
        Assert.Equal("notes{ok:x}", await bob.ReadAsync(1));
        Assert.Equal("notes{x=2}", await proxy.ReadAsync(1));
    }

    [Fact]
    public async Task What_one_says_is_heard_by_all_in_its_order_on_every_node()
    {
        await using var here = await TestGateway.StartAsync(fixture.Grains, "here");
        await using var there = await TestGateway.StartAsync(fixture.Grains, "there");
        await using var alice = await Guest.JoinAsync(here, _room, _cancel);
        await using var bob = await Guest.JoinAsync(there, _room, _cancel);
        await alice.UseAsync("notes");
        await bob.UseAsync("notes");
        for (var i = 0; i < 100; i++)
            await alice.ShareAsync("notes", i % 2 == 0 ? SharedObjectEvent.RequestChange("x", i) : SharedObjectEvent.Send("n", i));
        var expected = string.Join(' ', Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? $"x={i}" : $"n({i})"));
        Assert.Equal(expected, await EventsAsync(bob, 100));
        Assert.Equal(expected.Replace(" x=", " ok:x=", StringComparison.Ordinal).Split(' ').Length, (await EventsAsync(alice, 100)).Split(' ').Length);
    }

    [Fact]
    public async Task Who_releases_it_or_leaves_hears_no_more_and_the_object_ends_with_the_last()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        var bob = await Guest.JoinAsync(gateway, _room, _cancel);
        await alice.UseAsync("notes");
        await bob.UseAsync("notes");
        await alice.ShareAsync("notes", SharedObjectEvent.Of(SharedObjectEventType.Release), SharedObjectEvent.RequestChange("x", 1));
        // In their order: it was released before.
        Assert.Equal("notes{!NoWriteAccess}", await alice.ReadAsync(1));
        await bob.ShareAsync("notes", SharedObjectEvent.RequestChange("x", 2));
        Assert.Equal("notes{ok:x}", await bob.ReadAsync(1));
        Assert.Equal("", await alice.SyncAsync());
        await bob.DisposeAsync();
        var notes = fixture.Grains.GetSharedObject(new SharedObjectKey(_room, "notes"));
        await Until.True(async () => !(await notes.Read()).IsDone, _cancel);
        Assert.Equal("notes{Used Clear}", await alice.UseAsync("notes"));
    }

    [Fact]
    public async Task Roster_and_room_are_there_from_the_beginning_and_read_only()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        Assert.StartsWith($"members{{Used Clear {alice.Id}=", await alice.UseAsync("members"), StringComparison.Ordinal);
        await alice.ShareAsync("members", SharedObjectEvent.RequestRemove(alice.Id.Value));
        Assert.Equal("members{!NoWriteAccess}", await alice.ReadAsync(1));
        Assert.Equal("streams{Used Clear}", await alice.UseAsync("streams"));
        Assert.Contains(" members=1 ", await alice.UseAsync("room"), StringComparison.Ordinal);

        await using var bob = await Guest.JoinAsync(gateway, _room, _cancel);
        await HearAsync(alice, $" {bob.Id}=");
        await bob.PublishAsync("cam");
        await HearAsync(alice, " cam=");
        await bob.DisposeAsync();
        await HearAsync(alice, $" -{bob.Id}");
    }

    [Fact]
    public async Task Who_waits_is_shown_live_to_moderators_and_to_nobody_else()
    {
        var room = await fixture.NewWaitingRoomAsync();
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        var joining = Guest.JoinAsAsync(gateway, room, MemberRole.Moderator, _cancel, "kim");
        Assert.True((await fixture.Grains.GetPending(await fixture.PendingAsync(room, _cancel)).Approve("tests")).IsDone);
        await using var kim = await joining;
        Assert.Equal("waiting{Used Clear}", await kim.UseAsync("waiting"));
        var coming = Guest.JoinAsync(gateway, room, _cancel);
        var waits = await fixture.PendingAsync(room, _cancel);
        await HearAsync(kim, $" {waits}=");
        var transaction = await kim.CallAsync(0, "room.approve", waits.Value);
        await kim.UntilAsync($"_result#{transaction}");
        await using var alice = await coming;
        await HearAsync(kim, $"-{waits}");
        Assert.Equal("waiting{!NoReadAccess}", await alice.UseAsync("waiting"));
    }

    [Fact]
    public async Task A_room_s_rules_say_who_reads_and_who_changes_which_slot()
    {
        (await fixture.Grains.GetRoom(_room).Create(new RoomSettings { Objects = "poll#result:moderators, secret:members:moderators" })).ValueOrThrow();
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await using var kim = await Guest.JoinAsAsync(gateway, _room, MemberRole.Moderator, _cancel);
        Assert.Equal("poll{Used Clear}", await alice.UseAsync("poll"));
        await alice.ShareAsync("poll", SharedObjectEvent.RequestChange("result", 1), SharedObjectEvent.RequestChange("a", 1));
        Assert.Equal(["!NoWriteAccess", "-result", "ok:a"], (await EventsAsync(alice, 3)).Split(' ').Order(StringComparer.Ordinal));
        Assert.Equal("secret{!NoReadAccess}", await alice.UseAsync("secret"));
        Assert.Equal("secret{Used Clear}", await kim.UseAsync("secret"));
    }

    [Fact]
    public async Task A_persistent_one_is_asked_for_as_what_it_is()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        Assert.Equal("book{!BadPersistence}", await alice.UseAsync("book", persistent: true));
        (await fixture.Grains.GetRoom(_room).Create(new RoomSettings())).ValueOrThrow();
        Assert.Equal("book{Used Clear}", await alice.UseAsync("book", persistent: true));
        Assert.True(alice.HeardObject.IsPersistent);
        await alice.ShareAsync("book", true, SharedObjectEvent.RequestChange("x", 1));
        Assert.Equal("book{ok:x}", await alice.ReadAsync(1));
        await using var bob = await Guest.JoinAsync(gateway, _room, _cancel);
        Assert.Equal("book{!BadPersistence}", await bob.UseAsync("book"));
        Assert.Equal("book{Used Clear x=1}", await bob.UseAsync("book", persistent: true));
    }

    [Fact]
    public async Task What_is_not_allowed_is_told_with_what_the_slot_has_instead()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        Assert.Equal("../etc{!ObjectCreationFailed}", await alice.UseAsync("../etc"));
        await alice.ShareAsync("notes", SharedObjectEvent.RequestChange("x", 1));
        Assert.Equal("notes{!NoWriteAccess}", await alice.ReadAsync(1));
        await alice.UseAsync("notes");
        await fixture.Grains.GetSharedObject(new SharedObjectKey(_room, "notes")).Change(null, MemberRole.Moderator, [SharedObjectChange.Set("_topic", "news")]);
        Assert.Equal("""notes{_topic="news"}""", await alice.ReadAsync(1));
        await alice.ShareAsync("notes", SharedObjectEvent.RequestChange("_topic", "mine"), SharedObjectEvent.RequestChange("_mine", 1), SharedObjectEvent.RequestChange("x", new string('x', 20_000)));
        Assert.Equal("""notes{!NoWriteAccess _topic="news" -_mine -x}""", await alice.ReadAsync(1));
    }

    [Fact]
    public async Task Who_changes_too_much_is_refused_and_the_others_are_not()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains, configure: o => o.MaxObjectChangesPerSecond = 2);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await using var bob = await Guest.JoinAsync(gateway, _room, _cancel);
        await alice.UseAsync("notes");
        await bob.UseAsync("notes");
        await alice.ShareAsync("notes", [.. Enumerable.Range(0, 50).Select(i => SharedObjectEvent.Send("n", i))]);
        var heard = new List<string>();
        while (heard.Count(e => e == "notes{!NoWriteAccess}") < 46)
            heard.Add((await alice.NextAsync())!);
        await bob.ShareAsync("notes", SharedObjectEvent.Send("mine"));
        await HearAsync(alice, "mine()");
    }

    [Fact]
    public async Task A_client_that_does_not_understand_shared_objects_is_ended_by_no_other()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await alice.Client.SendAsync(Rtmp.Messages.MessageType.SharedObjectAmf0, 0, 0, [0, 1, (byte)'x', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 255, 255, 255, 255], 3);
        Assert.Equal("Connect.Closed close", await alice.ToEndAsync());
    }

    [Fact]
    public async Task What_came_out_of_order_is_put_in_order_and_what_is_lost_is_asked_for()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync(fixture.Grains, time: time);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await alice.UseAsync("notes");
        var key = new SharedObjectKey(_room, "notes");
        var notes = fixture.Grains.GetSharedObject(key);
        await notes.Change(null, MemberRole.Moderator, [SharedObjectChange.Set("x", 1)]);
        Assert.Equal("notes{x=1}", await alice.ReadAsync(1));
        var stamp = (await notes.Read()).ValueOrThrow().Stamp;

        var observer = gateway.Service.Observer!;
        Task Say(long ahead, string what) => observer.SharedObject(new SharedObjectUpdate(
            key, stamp with { Sequence = stamp.Sequence + ahead }, [new SharedObjectBatch(null, 1, [SharedObjectChange.Send(what)])]));
        await Say(2, "second");
        await Say(1, "first");
        Assert.Equal("notes{first()} notes{second()}", await alice.ReadAsync(2));
        await Say(1, "again");
        await Say(4, "after");
        // For a beat it may be on its way; then all of it is asked for.
        time.Advance(TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));
        await HearAsync(alice, "notes{Clear x=1}", time);
    }

    [Fact]
    public async Task An_object_that_came_up_anew_is_told_anew()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync(fixture.Grains, time: time);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await alice.UseAsync("notes");
        await alice.ShareAsync("notes", SharedObjectEvent.RequestChange("x", 1));
        Assert.Equal("notes{ok:x}", await alice.ReadAsync(1));
        await fixture.Cluster.Deactivate(fixture.Grains.GetSharedObject(new SharedObjectKey(_room, "notes")));
        await HearAsync(alice, "notes{Clear}", time);
        await alice.ShareAsync("notes", SharedObjectEvent.RequestChange("x", 2));
        await HearAsync(alice, "notes{ok:x}", time);
    }

    /// <summary>Reads until something was heard that has this in it; on a clock of the test's own, what has to happen first has the time for it.</summary>
    private async Task HearAsync(Guest guest, string part, FakeTimeProvider? time = null)
    {
        var heard = ReadAsync();
        if (time is not null)
            await time.AdvanceUntilAsync(heard, _cancel);
        await heard;

        async Task ReadAsync()
        {
            while (await guest.NextAsync() is { } next)
                if (next.Replace('{', ' ').Contains(part.Replace('{', ' '), StringComparison.Ordinal))
                    return;
            throw new EndOfStreamException($"The server closed before '{part}'.");
        }
    }

    /// <summary>Events until there are so many, without the messages around them.</summary>
    /// <summary>What is persistent is there again, with what was written before; what is not begins anew, and everybody hears so.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public async Task An_object_whose_silo_is_killed_goes_on_elsewhere(bool persistent)
    {
        await using var cluster = await GrainCluster.Start(3);
        var room = new RoomKey("chat", "lobby");
        (await cluster.Client.GetRoom(room).Create(new RoomSettings())).ValueOrThrow();
        await using var here = await TestGateway.StartAsync(cluster.Client, "here");
        await using var there = await TestGateway.StartAsync(cluster.Client, "there");
        await using var alice = await Guest.JoinAsync(here, room, _cancel);
        await using var bob = await Guest.JoinAsync(there, room, _cancel);
        await alice.UseAsync("notes", persistent);
        await bob.UseAsync("notes", persistent);
        await alice.ShareAsync("notes", persistent, SharedObjectEvent.RequestChange("x", 1));
        await HearAsync(bob, "x=1");
        var notes = cluster.Client.GetSharedObject(new SharedObjectKey(room, "notes"));
        if (persistent)
            await cluster.Deactivate(notes);
        await notes.RenewObject(new SharedObjectUse { Name = "notes", Node = "here", Persistent = persistent });
        await cluster.Kill(cluster.SiloOf(notes));

        // Whoever asks next finds it elsewhere; the nodes see another epoch, and tell their clients all of it.
        for (var i = 2; ; i++)
        {
            await alice.ShareAsync("notes", persistent, SharedObjectEvent.RequestChange("y", i));
            var heard = await alice.UntilAsync(words => words.StartsWith("notes{", StringComparison.Ordinal));
            if (heard.Contains("ok:y", StringComparison.Ordinal))
                break;
        }
        await HearAsync(bob, "y=");
        Assert.Equal(persistent ? ["x", "y"] : ["y"], (await notes.Read()).ValueOrThrow().Slots.Select(slot => slot.Name).Order());
    }

    private static async Task<string> EventsAsync(Guest guest, int count)
    {
        var events = new List<string>();
        while (events.Count < count)
            events.AddRange((await guest.NextAsync())!.Split('{')[1].TrimEnd('}').Split(' '));
        return string.Join(' ', events);
    }
}
