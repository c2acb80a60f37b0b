using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Grains.Tests.Rooms;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Objects;

/// <summary>Shared objects as nodes and programs use them.</summary>
public sealed class SharedObjectTests(OneHeldSilo silo) : IClassFixture<OneHeldSilo>
{
    private readonly GrainCluster _cluster = silo.Cluster;
    private readonly RoomKey _room = new($"app{ConnectionId.New()}", "lobby");
    private readonly FakeNode _a = new(silo.Cluster.Client, "a");
    private readonly FakeNode _b = new(silo.Cluster.Client, "b");

    [Fact]
    public async Task A_change_is_told_once_to_each_node_in_its_order()
    {
        var notes = await Use("notes", _a);
        await Use("notes", _b);
        var (alice, bob) = (ConnectionId.New(), ConnectionId.New());
        Assert.Empty((await notes.Change(alice, MemberRole.Member, [SharedObjectChange.Set("x", 1), SharedObjectChange.Send("hello", "you")])).ValueOrThrow());
        Assert.Empty((await notes.Change(bob, MemberRole.Member, [SharedObjectChange.Remove("x")])).ValueOrThrow());
        foreach (var node in (FakeNode[])[_a, _b])
        {
            await Until.True(() => Changes(node).Length == 3, "all is told");
            Assert.Equal(["Set x", "Send hello", "Remove x"], Changes(node));
            var batches = node.Updates.SelectMany(u => u.Batches).ToArray();
            Assert.Equal([(alice, 1L), (bob, 2L)], batches.Select(b => (b.Origin!.Value, b.Version)));
            Assert.Equal(Enumerable.Range(1, node.Updates.Count).Select(n => (long)n), node.Updates.Select(u => u.Stamp.Sequence));
        }
    }

    [Fact]
    public async Task Who_comes_later_is_given_all_of_it_and_only_what_follows()
    {
        var notes = await Use("notes", _a);
        await notes.Change(ConnectionId.New(), MemberRole.Member, [SharedObjectChange.Set("x", 1), SharedObjectChange.Set("y", "two")]);
        var contents = (await notes.UseObject(Wish("notes", _b))).ValueOrThrow();
        Assert.Equal(["x", "y"], contents.Slots.Select(s => s.Name));
        Assert.Equal(1, contents.Version);
        await notes.Change(null, MemberRole.Member, [SharedObjectChange.Set("z", 3)]);
        await Until.True(() => _b.Updates.Count == 1, "b is told");
        Assert.Equal(contents.Stamp.Sequence + 1, _b.Updates.Single().Stamp.Sequence);
        Assert.Equal(["Set z"], Changes(_b));
    }

    [Fact]
    public async Task What_is_not_persistent_ends_with_its_last_subscriber()
    {
        var notes = await Use("notes", _a);
        await notes.Change(null, MemberRole.Member, [SharedObjectChange.Set("x", 1)]);
        await notes.ReleaseObject("notes", "a");
        await Until.True(async () => (await notes.Read()).Refusal?.Code == RefusalCode.UnknownObject, "it is gone");
        Assert.Empty((await notes.UseObject(Wish("notes", _a))).ValueOrThrow().Slots);
    }

    [Fact]
    public async Task A_node_that_does_not_renew_is_told_no_more()
    {
        var notes = await Use("notes", _a);
        await Use("notes", _b);
        for (var i = 0; i < 4; i++)
        {
            _cluster.Clock!.Advance(SharedObjectLease.Renewal);
            // Keep the room's member, and its node.
            await _a.Report(_room);
            await notes.RenewObject(Wish("notes", _a));
        }
        await notes.Change(null, MemberRole.Member, [SharedObjectChange.Set("x", 1)]);
        await Until.True(() => _a.Updates.Count > 0, "a is told");
        Assert.Empty(_b.Updates);
    }

    [Fact]
    public async Task What_is_persistent_survives_and_is_of_one_kind()
    {
        (await Room.Create(new RoomSettings())).ValueOrThrow();
        var notes = await Use("notes", _a, persistent: true);
        await notes.Change(null, MemberRole.Member, [SharedObjectChange.Set("x", new Rtmp.Amf.AmfObject { ["deep"] = 1 })]);
        Assert.Equal(RefusalCode.WrongPersistence, (await notes.UseObject(Wish("notes", _b))).Refusal!.Code);
        await _cluster.Deactivate(notes);
        await _cluster.Deactivate(Room);

        Assert.Equal(RefusalCode.WrongPersistence, (await notes.UseObject(Wish("notes", _b))).Refusal!.Code);
        var contents = (await notes.UseObject(Wish("notes", _b) with { Persistent = true })).ValueOrThrow();
        Assert.Equal((1, true, 1), (contents.Version, contents.Persistent, contents.Slots.Single().Value["deep"].AsInteger()));
        await Room.Close("The end.");
        await Until.True(async () => (await notes.Read()).Refusal?.Code == RefusalCode.UnknownObject, "it is deleted with its room");
    }

    [Fact]
    public async Task A_change_is_written_behind_without_anybody_leaving()
    {
        (await Room.Create(new RoomSettings())).ValueOrThrow();
        var notes = await Use("notes", _a, persistent: true);
        await notes.Change(null, MemberRole.Member, [SharedObjectChange.Set("x", 1)]);
        Assert.False(await Stored($"{_room}/notes"));
        _cluster.Clock!.Advance(TimeSpan.FromSeconds(1));
        await Until.True(async () => await Stored($"{_room}/notes"), "it is written");
    }

    [Fact]
    public async Task A_room_made_on_the_fly_keeps_nothing()
    {
        await Sit(_a);
        var refused = (await Get("notes").UseObject(Wish("notes", _a) with { Persistent = true })).Refusal!;
        Assert.Equal(RefusalCode.WrongPersistence, refused.Code);
        Assert.Contains("roomctl rooms create", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_room_has_so_many_objects_and_no_more()
    {
        await Sit(_a);
        for (var i = 0; i < new SharedObjectOptions().MaxObjects; i++)
            (await Get($"o{i}").UseObject(Wish($"o{i}", _a))).ValueOrThrow();
        Assert.Equal(RefusalCode.ObjectLimit, (await Get("more").UseObject(Wish("more", _a))).Refusal!.Code);
        await Get("o7").ReleaseObject("o7", "a");
        await Until.True(async () => (await Get("more").UseObject(Wish("more", _a))).IsDone, "one that has gone makes room");
    }

    [Fact]
    public async Task There_is_no_object_where_there_is_no_room()
    {
        Assert.Equal(RefusalCode.UnknownRoom, (await Get("notes").UseObject(Wish("notes", _a))).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownObject, (await Get("notes").Change(null, MemberRole.Member, [SharedObjectChange.Set("x", 1)])).Refusal!.Code);
    }

    [Fact]
    public async Task An_object_that_lost_its_memory_has_another_epoch()
    {
        var notes = await Use("notes", _a);
        await notes.Change(null, MemberRole.Member, [SharedObjectChange.Set("x", 1)]);
        var before = await notes.RenewObject(Wish("notes", _a));
        await _cluster.Deactivate(notes);
        Assert.NotEqual(before.Epoch, (await notes.RenewObject(Wish("notes", _a))).Epoch);
    }

    [Fact]
    public async Task A_room_s_rules_hold_from_the_first_use_and_when_they_change()
    {
        (await Room.Create(new RoomSettings { Objects = "notes#x:moderators, secret:members:moderators" })).ValueOrThrow();
        var notes = await Use("notes", _a);
        Assert.Equal(RefusalCode.NotPermitted, Assert.Single((await notes.Change(ConnectionId.New(), MemberRole.Member, [SharedObjectChange.Set("x", 1), SharedObjectChange.Set("y", 1)])).ValueOrThrow()).Refusal.Code);
        Assert.Empty((await notes.Change(null, MemberRole.Guest, [SharedObjectChange.Set("x", 1)])).ValueOrThrow());
        var wish = Wish("secret", _a) with { Member = ConnectionId.New() };
        Assert.Equal(RefusalCode.NotPermitted, (await Get("secret").UseObject(wish)).Refusal!.Code);
        Assert.True((await Get("secret").UseObject(wish with { Role = MemberRole.Moderator })).IsDone);
        Assert.Equal(RefusalCode.NotPermitted, (await Get("secret").UseObject(wish)).Refusal!.Code);
        Assert.Equal(["notes", "secret"], (await Room.ListObjects()).ValueOrThrow().Select(info => info.Name));

        (await Room.Set(new RoomSettings { Objects = "" })).ValueOrThrow();
        await Until.True(async () => (await notes.Change(ConnectionId.New(), MemberRole.Member, [SharedObjectChange.Set("x", 2)])).ValueOrThrow().IsEmpty, "the rules are heard of");
        Assert.True((await Get("secret").UseObject(wish)).IsDone);
        Assert.Equal(RefusalCode.InvalidSetting, (await Room.Set(new RoomSettings { Objects = "notes" })).Refusal!.Code);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Rules_hold_for_an_object_that_has_just_come_up_again(bool renewed)
    {
        (await Room.Create(new RoomSettings { Objects = "scores:server:moderators" })).ValueOrThrow();
        await Sit(_a);
        var scores = Get("scores");
        var wish = Wish("scores", _a) with { Member = ConnectionId.New(), Role = MemberRole.Moderator, Persistent = true };
        (await scores.UseObject(wish)).ValueOrThrow();
        await scores.Change(null, MemberRole.Guest, [SharedObjectChange.Set("x", 1)]);
        await _cluster.Deactivate(scores);
        if (renewed)
            await scores.RenewObject(Wish("scores", _a) with { Persistent = true });
        Assert.Equal(RefusalCode.NotPermitted, Assert.Single((await scores.Change(ConnectionId.New(), MemberRole.Moderator, [SharedObjectChange.Set("x", 2)])).ValueOrThrow()).Refusal.Code);
        Assert.Equal(RefusalCode.NotPermitted, (await scores.UseObject(wish with { Role = MemberRole.Member })).Refusal?.Code);
    }

    [Fact]
    public async Task The_server_talks_in_the_room_s_chat()
    {
        await Sit(_a);
        (await Room.UseObject(Wish(SharedObjectNames.Room, _a))).ValueOrThrow();
        var first = (await Room.Say("In five\r\nminutes.", "the house")).ValueOrThrow();
        Assert.Equal(first + 1, (await Room.Say("Now.")).ValueOrThrow());
        await Until.True(() => Changes(_a).Count(change => change == "Send said") == 2, "it is heard");
        var lines = _a.Updates.SelectMany(update => update.Batches).SelectMany(batch => batch.Changes).Where(change => change.Name == SharedObjectNames.Said).Select(change => change.Value).ToArray();
        Assert.Equal(("In five\nminutes.", "the house", "", first), (lines[0]["text"].AsString(), lines[0]["name"].AsString(), lines[0]["id"].AsString(), lines[0]["number"].AsInteger(max: long.MaxValue)));
        Assert.Equal("server", lines[1]["name"].AsString());
        Assert.Equal(RefusalCode.InvalidArgument, (await Room.Say(" \n")).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownRoom, (await _cluster.Client.GetRoom(new RoomKey(_room.Application, "nowhere")).Say("Anybody?")).Refusal!.Code);
    }

    private IRoomGrain Room => _cluster.Client.GetRoom(_room);

    private ISharedObjectGrain Get(string name) => _cluster.Client.GetSharedObject(new SharedObjectKey(_room, name));

    private static SharedObjectUse Wish(string name, FakeNode node) => new() { Name = name, Node = node.Name, Observer = node.Observer };

    private async Task Sit(FakeNode node)
    {
        if (node.Members.ContainsKey(_room))
            return;
        await Room.TakeSeat(new SeatRequest(node.Sit(_room), false));
        await node.Report(_room);
    }

    private async Task<ISharedObjectGrain> Use(string name, FakeNode node, bool persistent = false)
    {
        await Sit(node);
        var notes = Get(name);
        (await notes.UseObject(Wish(name, node) with { Member = ConnectionId.New(), Persistent = persistent })).ValueOrThrow();
        return notes;
    }

    private async Task<bool> Stored(string key)
    {
        await using var database = new Microsoft.Data.Sqlite.SqliteConnection(Grains.Storage.SqliteDatabase.ConnectionString(_cluster.DataFolder));
        await database.OpenAsync();
        await using var query = database.CreateCommand();
        query.CommandText = "SELECT COUNT(*) FROM OrleansStorage WHERE GrainIdExtensionString = $key";
        query.Parameters.AddWithValue("$key", key);
        return (long)(await query.ExecuteScalarAsync())! > 0;
    }

    private static string[] Changes(FakeNode node) => [.. node.Updates.SelectMany(u => u.Batches).SelectMany(b => b.Changes).Select(c => $"{c.Kind} {c.Name}")];
}
