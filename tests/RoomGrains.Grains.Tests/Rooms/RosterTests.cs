using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

/// <summary>The shared objects that the server keeps in every room: members, streams and the room itself.</summary>
public sealed class RosterTests(OneHeldSilo silo) : IClassFixture<OneHeldSilo>
{
    private readonly GrainCluster _cluster = silo.Cluster;
    private readonly RoomKey _key = new($"app{ConnectionId.New()}", "lobby");
    private readonly FakeNode _a = new(silo.Cluster.Client, "a");
    private readonly FakeNode _b = new(silo.Cluster.Client, "b");

    private IRoomGrain Room => _cluster.Client.GetRoom(_key);

    [Fact]
    public async Task Members_come_publish_and_go()
    {
        var alice = await Join(_a, "Alice", MemberRole.Moderator);
        var contents = (await Room.UseObject(Wish(SharedObjectNames.Members))).ValueOrThrow();
        var slot = Assert.Single(contents.Slots);
        Assert.Equal(alice.Id.Value, slot.Name);
        Assert.Equal(("Alice", "moderator", 0), (slot.Value["name"].AsString(), slot.Value["role"].AsString(), slot.Value["publishes"].AsArray()!.Count));
        // Where from somebody is here is nobody's business.
        Assert.DoesNotContain("192.0.2", slot.Value.ToString(), StringComparison.Ordinal);

        var bob = await Join(_b, "Bob");
        await Heard($"Set {bob.Id}", c => c.Value["name"].AsString() == "Bob");
        var epoch = (await Room.ClaimStream(new StreamClaim(bob.Id, "b", "cam"))).ValueOrThrow();
        await Heard($"Set {bob.Id}", c => c.Value["publishes"][0].AsString() == "cam");
        await Room.ReleaseStream("cam", epoch);
        await Heard($"Set {bob.Id}", c => c.Value["publishes"].AsArray()!.Count == 0);
        _b.Leave(_key, bob.Id);
        await _b.Report(_key);
        await Heard($"Remove {bob.Id}");
    }

    [Fact]
    public async Task Streams_and_the_room_itself_say_what_they_are()
    {
        (await Room.Create(new RoomSettings { Title = "Evening", Capacity = 7 })).ValueOrThrow();
        var alice = await Join(_a, "Alice");
        var room = (await Room.UseObject(Wish(SharedObjectNames.Room))).ValueOrThrow().Slots.ToDictionary(s => s.Name, s => s.Value);
        Assert.Equal(("Evening", 7, 1, false), (room["title"].AsString(), room["capacity"].AsInteger(), room["members"].AsInteger(), room["waitingRoom"].AsBoolean()));
        Assert.Empty((await Room.UseObject(Wish(SharedObjectNames.Streams))).ValueOrThrow().Slots);

        await Room.ClaimStream(new StreamClaim(alice.Id, "a", "cam"));
        await Heard("Set cam", c => c.Value["publisher"].AsString() == alice.Id.Value);
        await Room.Set(new RoomSettings { WaitingRoom = true });
        await Heard("Set waitingRoom", c => c.Value.AsBoolean());
    }

    [Fact]
    public async Task What_has_not_changed_is_not_told()
    {
        var alice = await Join(_a, "Alice");
        await Room.UseObject(Wish(SharedObjectNames.Members));
        await _a.Report(_key);
        await _a.Report(_key);
        var bob = await Join(_b, "Bob");
        await Heard($"Set {bob.Id}");
        Assert.DoesNotContain(Told(), c => c.Name == alice.Id.Value);
    }

    [Fact]
    public async Task Nobody_writes_to_them_and_they_are_not_persistent()
    {
        await Join(_a, "Alice", MemberRole.Moderator);
        var members = _cluster.Client.GetSharedObject(new SharedObjectKey(_key, SharedObjectNames.Members));
        Assert.Equal(RefusalCode.NotPermitted, (await members.Change(null, MemberRole.Moderator, [SharedObjectChange.Clear()])).Refusal!.Code);
        Assert.Equal(RefusalCode.WrongPersistence, (await Room.UseObject(Wish(SharedObjectNames.Members) with { Persistent = true })).Refusal!.Code);
        // Programs read them as they read others.
        Assert.Single((await members.Read()).ValueOrThrow().Slots);
    }

    private static SharedObjectChange[] Flat(FakeNode node) => [.. node.Updates.SelectMany(u => u.Batches).SelectMany(b => b.Changes)];

    private SharedObjectChange[] Told() => Flat(_a);

    private Task Heard(string what, Func<SharedObjectChange, bool>? and = null) =>
        Until.True(() => Told().Any(c => $"{c.Kind} {c.Name}" == what && (and is null || and(c))), what);

    private SharedObjectUse Wish(string name) => new() { Name = name, Node = "a", Observer = _a.Observer };

    private async Task<Member> Join(FakeNode node, string name, MemberRole role = MemberRole.Member)
    {
        var member = node.Sit(_key) with { Address = "192.0.2.1:5", Identity = new Identity { User = name.ToLowerInvariant(), Name = name, Role = role } };
        node.Members[_key] = [.. node.Members[_key].Where(m => m.Id != member.Id), member];
        await Room.TakeSeat(new SeatRequest(member, false));
        await node.Report(_key);
        return member;
    }
}
