using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Calls between a client and its room, at the wire.</summary>
public sealed class CallTests(GrainFixture fixture) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;
    private readonly RoomKey _room = fixture.NewRoom();

    [Fact]
    public async Task What_is_said_is_heard_by_who_follows_the_room_in_one_order()
    {
        await using var here = await TestGateway.StartAsync(fixture.Grains, "here");
        await using var there = await TestGateway.StartAsync(fixture.Grains, "there");
        await using var alice = await Guest.JoinAsync(here, _room, _cancel);
        await using var bob = await Guest.JoinAsync(there, _room, _cancel);
        await using var carol = await Guest.JoinAsync(there, _room, _cancel);
        await bob.UseAsync("room");
        await carol.UseAsync("room");
        for (var i = 0; i < 10; i++)
        {
            await alice.SayAsync(0, "room.say", $"a{i}");
            await bob.SayAsync(0, "room.say", $"b{i}");
        }
        var (first, second) = (await LinesAsync(bob, 20), await LinesAsync(carol, 20));
        Assert.Equal(first, second);
        // Each in the order in which it was said.
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"a{i}"), first.Where(l => l[0] == 'a'));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"b{i}"), first.Where(l => l[0] == 'b'));
        await alice.CallAsync(0, "room.history");
        await alice.ReadAsync(1);
        Assert.Equal(first, alice.Heard[0].AsArray()!.Select(line => line["text"].AsString()!));
    }

    [Fact]
    public async Task A_method_that_there_is_not_is_answered_as_clients_expect()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        var transaction = await alice.CallAsync(0, "make/coffee", 1);
        Assert.Equal($"_error#{transaction}", await alice.ReadAsync(1));
        Assert.Equal(("error", StatusCodes.Call.Failed, "Method not found (make/coffee)."),
            (alice.Heard[0]["level"].AsString(), alice.Heard[0]["code"].AsString(), alice.Heard[0]["description"].AsString()));
        // Without a transaction nobody wants to hear it.
        await alice.SayAsync(0, "make/coffee");
        Assert.Equal("", await alice.SyncAsync());
    }

    [Fact]
    public async Task Who_calls_too_often_is_told_so()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains, configure: o => o.MaxCallsPerSecond = 2);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        for (var i = 0; i < 30; i++)
            await alice.CallAsync(0, "room.list");
        var refused = 0;
        for (var i = 0; i < 30; i++)
            refused += (await alice.ReadAsync(1)).StartsWith("_error", StringComparison.Ordinal) ? 1 : 0;
        Assert.InRange(refused, 15, 26);
    }

    [Fact]
    public async Task The_room_calls_a_client_and_has_its_result()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        var room = fixture.Grains.GetRoom(_room);
        var asking = room.CallClient(alice.Id, "add", [1, 2]);
        Assert.Equal("add#1", await alice.ReadAsync(1));
        Assert.Equal(3, alice.Heard[0].AsInteger() + alice.Heard[1].AsInteger());
        await alice.Client.SendAsync(new CommandMessage(Replies.Result, 7, AmfValue.Null, 99), 0);
        await alice.Client.SendAsync(new CommandMessage(Replies.Result, 1, AmfValue.Null, 3), 0);
        Assert.Equal(3, (await asking).ValueOrThrow().AsInteger());

        var failing = room.CallClient(alice.Id, "divide", [1, 0]);
        Assert.Equal("divide#2", await alice.ReadAsync(1));
        await alice.Client.SendAsync(new CommandMessage(Replies.Error, 2, AmfValue.Null, new AmfObject { ["code"] = StatusCodes.Call.Failed, ["description"] = "By zero." }), 0);
        Assert.Equal((RefusalCode.CallFailed, "By zero."), ((await failing).Refusal!.Code, (await failing).Refusal!.Message));

        Assert.True((await room.Broadcast("news", ["rain"])).IsDone);
        Assert.Equal("news", await alice.ReadAsync(1));
        Assert.Equal("rain", alice.Heard[0].AsString());
    }

    [Fact]
    public async Task A_moderator_kicks_a_member_who_hears_why_and_nobody_else_may()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await using var kim = await Guest.JoinAsAsync(gateway, _room, MemberRole.Moderator, _cancel, "kim");
        var transaction = await alice.CallAsync(0, "room.kick", kim.Id.Value);
        Assert.Equal($"_error#{transaction}", await alice.ReadAsync(1));
        Assert.Contains("Only moderators", alice.Heard[0]["description"].AsString(), StringComparison.Ordinal);
        transaction = await kim.CallAsync(0, "room.kick", alice.Id.Value, "Enough.");
        Assert.Equal($"_result#{transaction}", await kim.UntilAsync($"_result#{transaction}"));
        await alice.UntilAsync("Connect.Closed");
        Assert.Contains("Enough.", alice.Description, StringComparison.Ordinal);
        Assert.Equal("close", await alice.ToEndAsync());
        Assert.Equal("kim kick", (await fixture.Grains.GetAudit(_room).List(1)).Select(entry => $"{entry.By} {entry.Action}").Single());
    }

    [Fact]
    public async Task A_muted_member_says_nothing_by_any_way()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await using var bob = await Guest.JoinAsync(gateway, _room, _cancel);
        await alice.UseAsync("notes");
        await bob.UseAsync("notes");
        (await fixture.Grains.GetRoom(_room).Mute(alice.Id, MutedMedia.Text)).ValueOrThrow();
        await Until.True(() => gateway.Presence.FindMember(_room, alice.Id)?.Muted == MutedMedia.Text, _cancel);
        var transaction = await alice.CallAsync(0, "room.say", "hello");
        Assert.Equal($"_error#{transaction}", await alice.ReadAsync(1));
        await alice.ShareAsync("notes", Rtmp.SharedObjects.SharedObjectEvent.RequestChange("x", 1));
        Assert.Equal("notes{!NoWriteAccess}", await alice.ReadAsync(1));
        await bob.ShareAsync("notes", Rtmp.SharedObjects.SharedObjectEvent.RequestChange("y", 1));
        Assert.Equal("notes{y=1}", await alice.ReadAsync(1));
        Assert.Equal("notes{ok:y}", await bob.ReadAsync(1));
    }

    [Fact]
    public async Task A_room_that_has_forgotten_its_members_hears_of_them_and_then_of_the_call()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await fixture.Cluster.Deactivate(fixture.Grains.GetRoom(_room));
        var transaction = await alice.CallAsync(0, "room.say", "still here");
        Assert.Equal($"_result#{transaction}", await alice.ReadAsync(1));
    }

    private static async Task<List<string>> LinesAsync(Guest guest, int count)
    {
        var lines = new List<string>();
        while (lines.Count < count)
        {
            if (!(await guest.NextAsync())!.StartsWith("room{", StringComparison.Ordinal))
                continue;
            lines.AddRange(guest.HeardObject.Events.Where(e => e.Key == SharedObjectNames.Said).Select(e => e.Value["text"].AsString()!));
        }
        return lines;
    }
}
