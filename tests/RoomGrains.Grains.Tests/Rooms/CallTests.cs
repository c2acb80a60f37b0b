using RoomGrains.Rtmp.Amf;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

/// <summary>What members call their room for, and the room its members' clients.</summary>
public sealed class CallTests(OneHeldSilo silo) : IClassFixture<OneHeldSilo>
{
    private readonly GrainCluster _cluster = silo.Cluster;
    private readonly RoomKey _key = new($"app{ConnectionId.New()}", "lobby");
    private readonly FakeNode _a = new(silo.Cluster.Client, "a");

    private IRoomGrain Room => _cluster.Client.GetRoom(_key);

    [Fact]
    public async Task What_is_said_has_numbers_that_rise_by_one_and_is_remembered_for_newcomers()
    {
        var alice = await Join("Alice");
        await Room.UseObject(new SharedObjectUse { Name = SharedObjectNames.Room, Node = "a", Observer = _a.Observer });
        var numbers = new List<double>();
        for (var i = 0; i < 60; i++)
        {
            Assert.True((await Room.Call(alice.Id, "room.say", [$"line {i}"])).ValueOrThrow().TryGetNumber(out var number));
            numbers.Add(number);
        }
        Assert.Equal(Enumerable.Range(0, 60).Select(i => numbers[0] + i), numbers);
        var history = (await Room.Call(alice.Id, "room.history", [])).ValueOrThrow().AsArray()!;
        Assert.Equal(Enumerable.Range(10, 50).Select(i => $"line {i}"), history.Select(line => line["text"].AsString()));
        Assert.Equal(("Alice", alice.Id.Value, "member"), (history[0]["name"].AsString(), history[0]["id"].AsString(), history[0]["role"].AsString()));

        await Until.True(() => Said().Length == 60, "all lines are told");
        Assert.Equal(Enumerable.Range(0, 60).Select(i => $"line {i}"), Said().Select(line => line["text"].AsString()));
    }

    [Fact]
    public async Task A_line_is_a_text_not_too_long_without_control_characters_by_somebody_who_may_talk()
    {
        var alice = await Join("Alice");
        await AssertRefused(RefusalCode.InvalidArgument, alice, "room.say");
        await AssertRefused(RefusalCode.InvalidArgument, alice, "room.say", 5);
        await AssertRefused(RefusalCode.InvalidArgument, alice, "room.say", " \u001b\t ");
        await AssertRefused(RefusalCode.InvalidArgument, alice, "room.say", new string('x', 2001));
        await AssertRefused(RefusalCode.NotPermitted, await Join("Paul", MemberRole.Player), "room.say", "I watch");
        await Room.Call(alice.Id, "room.say", ["\u001b[31mred\u0007\nnext "]);
        Assert.Equal("[31mred\nnext", (await Room.Call(alice.Id, "room.history", [])).ValueOrThrow()[0]["text"].AsString());
    }

    [Fact]
    public async Task The_list_has_everybody()
    {
        var (alice, bob) = (await Join("Alice"), await Join("Bob", MemberRole.Moderator));
        var list = (await Room.Call(alice.Id, "room.list", [])).ValueOrThrow().AsArray()!;
        Assert.Equal([("Alice", "member"), ("Bob", "moderator")], list.Select(m => (m["name"].AsString()!, m["role"].AsString()!)).Order());
        Assert.Contains(list, m => m["id"].AsString() == bob.Id.Value);
    }

    [Fact]
    public async Task Moderators_kick_and_others_do_not()
    {
        var (alice, bob) = (await Join("Alice"), await Join("Bob", MemberRole.Moderator));
        await AssertRefused(RefusalCode.NotPermitted, alice, "room.kick", bob.Id.Value);
        await AssertRefused(RefusalCode.InvalidArgument, bob, "room.kick", "nobody");
        await AssertRefused(RefusalCode.NotAMember, bob, "room.kick", ConnectionId.New().Value, "Go.");
        (await Room.Call(bob.Id, "room.kick", [alice.Id.Value, "Go."])).ValueOrThrow();
        await Until.True(() => !_a.Disconnects.IsEmpty, "the node is told");
        Assert.Equal((_key, alice.Id, "Go."), _a.Disconnects.Single());
    }

    [Fact]
    public async Task Moderators_decide_who_comes_in_to_their_room_and_to_no_other()
    {
        (await Room.Create(new RoomSettings { WaitingRoom = true })).ValueOrThrow();
        var bob = await Join("Bob", MemberRole.Moderator);
        var alice = await Join("Alice");
        var (first, second) = (Requests.New(_key.Application, "lobby"), Requests.New(_key.Application, "lobby"));
        var elsewhere = new RoomKey(_key.Application, "elsewhere");
        (await _cluster.Client.GetRoom(elsewhere).Create(new RoomSettings { WaitingRoom = true })).ValueOrThrow();
        var third = Requests.New(_key.Application, "elsewhere");
        var verdicts = new[] { first, second, third }.Select(r => _cluster.Client.Admit(r, confirm: true)).ToArray();
        foreach (var request in (AdmissionRequest[])[first, second, third])
            await _cluster.Client.UntilItWaitsFor(request.Connection, "approval");
        // The directory hears of who waits after a second.
        await Until.True(async () =>
        {
            _cluster.Clock!.Advance(TimeSpan.FromMilliseconds(300));
            await _a.Report(_key);
            return (await Room.Call(bob.Id, "room.pending", [])).ValueOrThrow().AsArray()!.Count == 2;
        }, "both are listed");

        await AssertRefused(RefusalCode.NotPermitted, alice, "room.pending");
        await AssertRefused(RefusalCode.NotPermitted, alice, "room.approve", first.Connection.Value);
        await AssertRefused(RefusalCode.UnknownConnection, bob, "room.approve", third.Connection.Value);
        (await Room.Call(bob.Id, "room.approve", [second.Connection.Value])).ValueOrThrow();
        (await Room.Call(bob.Id, "room.reject", [first.Connection.Value, "Not today."])).ValueOrThrow();
        Assert.Equal((VerdictKind.Reject, "Not today.", "bob"), Of(await verdicts[0]));
        Assert.Equal((VerdictKind.Accept, "", "bob"), Of(await verdicts[1]) with { Item2 = "" });
        await AssertRefused(RefusalCode.AlreadyDecided, bob, "room.approve", first.Connection.Value);
        await _cluster.Client.GetPending(third.Connection).Abandon();

        static (VerdictKind, string, string) Of(Verdict verdict) => (verdict.Kind, verdict.Description, verdict.DecidedBy);
    }

    [Fact]
    public async Task What_there_is_not_is_said_to_be_not_there()
    {
        var alice = await Join("Alice");
        var refused = await AssertRefused(RefusalCode.UnknownMethod, alice, "make.coffee");
        Assert.Equal("Method not found (make.coffee).", refused);
        Assert.Equal(RefusalCode.NotAMember, (await Room.Call(ConnectionId.New(), "room.list", [])).Refusal!.Code);
    }

    [Fact]
    public async Task A_client_is_called_and_its_answer_comes_back()
    {
        var alice = await Join("Alice");
        var calling = Room.CallClient(alice.Id, "ask", ["how many?"]);
        await Until.True(() => !_a.Calls.IsEmpty, "the node is told");
        var call = _a.Calls.Single();
        Assert.Equal((alice.Id, "ask", "how many?"), (call.Member!.Value, call.Method, call.Arguments[0].AsString()));
        // Nobody can answer for another.
        await Room.AnswerCall(ConnectionId.New(), call.Number, (AmfValue)1);
        await Room.AnswerCall(alice.Id, call.Number + 1, (AmfValue)2);
        await Room.AnswerCall(alice.Id, call.Number, (AmfValue)3);
        Assert.Equal(3, (await calling).ValueOrThrow().AsInteger());
    }

    [Fact]
    public async Task Who_has_just_come_is_called_when_its_node_has_reported()
    {
        var member = _a.Sit(_key);
        (await Room.TakeSeat(new SeatRequest(member, true))).ValueOrThrow();
        var calling = Room.CallClient(member.Id, "hello", []);
        await _a.Report(_key);
        await Until.True(() => !_a.Calls.IsEmpty, "the node is told");
        await Room.AnswerCall(member.Id, _a.Calls.Single().Number, (AmfValue)"hi");
        Assert.Equal("hi", (await calling).ValueOrThrow().AsString());
    }

    [Fact]
    public async Task A_client_that_does_not_answer_or_leaves_costs_the_caller_no_more_than_that()
    {
        var (alice, bob) = (await Join("Alice"), await Join("Bob"));
        var (silent, gone) = (Room.CallClient(alice.Id, "ask", []), Room.CallClient(bob.Id, "ask", []));
        await Until.True(() => _a.Calls.Count == 2, "the node is told");
        _a.Leave(_key, bob.Id);
        _cluster.Clock!.Advance(TimeSpan.FromSeconds(6));
        await _a.Report(_key);
        Assert.Equal(RefusalCode.NotAMember, (await gone).Refusal!.Code);
        _cluster.Clock!.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(RefusalCode.CallFailed, (await silent).Refusal!.Code);
    }

    [Fact]
    public async Task Clients_are_not_called_by_names_that_encoders_act_upon()
    {
        var alice = await Join("Alice");
        foreach (var name in (string[])["onFCUnsubscribe", "close", "_result", "", "a\nb"])
        {
            Assert.Equal(RefusalCode.InvalidName, (await Room.CallClient(alice.Id, name, [])).Refusal!.Code);
            Assert.Equal(RefusalCode.InvalidName, (await Room.Broadcast(name, [])).Refusal!.Code);
        }
        Assert.True((await Room.Broadcast("news", [1])).IsDone);
        await Until.True(() => !_a.Calls.IsEmpty, "the node is told");
        Assert.Equal(("news", 0L, null), (_a.Calls.Single().Method, _a.Calls.Single().Number, _a.Calls.Single().Member));
    }

    private AmfValue[] Said() => [.. _a.Updates.SelectMany(u => u.Batches).SelectMany(b => b.Changes).Where(c => c.Kind == SharedObjectChangeKind.Send && c.Name == SharedObjectNames.Said).Select(c => c.Value)];

    private async Task<string> AssertRefused(RefusalCode code, Member by, string method, params AmfValue[] arguments)
    {
        var refusal = (await Room.Call(by.Id, method, [.. arguments])).Refusal;
        Assert.Equal(code, refusal?.Code);
        return refusal!.Message;
    }

    private async Task<Member> Join(string name, MemberRole role = MemberRole.Member)
    {
        var member = _a.Sit(_key) with { Identity = new Identity { User = name.ToLowerInvariant(), Name = name, Role = role } };
        _a.Members[_key] = [.. _a.Members[_key].Where(m => m.Id != member.Id), member];
        (await Room.TakeSeat(new SeatRequest(member, true))).ValueOrThrow();
        await _a.Report(_key);
        return member;
    }
}
