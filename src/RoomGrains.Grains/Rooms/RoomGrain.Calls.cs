using System.Collections.Immutable;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Grains.Rooms;

/// <summary>What members ask of their room, and the room of its members' clients.</summary>
internal sealed partial class RoomGrain
{
    private ClientCalls _clientCalls = null!;
    private ChatHistory _chat = null!;

    public async Task<Answer<AmfValue>> Call(ConnectionId member, string method, ImmutableArray<AmfValue> arguments)
    {
        await _gathered;
        if (_seats.Find(member) is not { } caller)
            return NoMember(member);
        // Nothing is awaited before what is said has its number: the order of the lines is that in which they came here.
        var (name, answering) = method switch
        {
            "room.say" => (method, Task.FromResult(SayAs(caller, Argument(arguments, 0)))),
            "room.history" => (method, Task.FromResult(History())),
            "room.list" => (method, Task.FromResult(List())),
            "room.kick" => (method, KickAs(caller, Id(arguments), Text(arguments, 1))),
            "room.pending" => (method, Task.FromResult(Pending(caller))),
            "room.approve" => (method, Decide(caller, Id(arguments), (pending, by) => pending.Approve(by))),
            "room.reject" => (method, Decide(caller, Id(arguments), (pending, by) => pending.Reject(by, Text(arguments, 1)))),
            _ => ("application", CallApplication(caller, method, arguments)),
        };
        var answer = await answering;
        _metrics.Called(name, answer.Refusal?.Code);
        return answer;
    }

    public async Task<Answer<AmfValue>> CallClient(ConnectionId member, string method, ImmutableArray<AmfValue> arguments)
    {
        await _gathered;
        if (!ClientCall.IsAllowed(method))
            return NotAllowed(method);
        if (_seats.Find(member) is not { } called)
            return NoMember(member);
        // Who has just got a seat may be called before its node has reported: an application's OnJoin does.
        if (await _clientCalls.Reached(() => _nodes.Observer(called.Node)) is not { } observer)
            return new Refusal(RefusalCode.Unavailable, $"The node {called.Node} of {member} cannot be reached now.");
        return await _clientCalls.Call(member, number =>
            observer.Call(new ClientCall { Room = _key, Member = member, Number = number, Method = method, Arguments = arguments }).Ignore());
    }

    public async Task<Answer> Broadcast(string method, ImmutableArray<AmfValue> arguments)
    {
        await _gathered;
        if (!ClientCall.IsAllowed(method))
            return NotAllowed(method);
        var call = new ClientCall { Room = _key, Method = method, Arguments = arguments };
        foreach (var node in _seats.Members.Select(m => m.Node).Distinct(StringComparer.Ordinal))
            _nodes.Observer(node)?.Call(call).Ignore();
        return Answer.Done;
    }

    public Task AnswerCall(ConnectionId member, long number, Answer<AmfValue> answer)
    {
        _clientCalls.Answer(member, number, answer);
        return Task.CompletedTask;
    }

    private async Task<Answer<AmfValue>> CallApplication(Member caller, string method, ImmutableArray<AmfValue> arguments) =>
        await _hooks.Call(caller, method, arguments) ?? new Refusal(RefusalCode.UnknownMethod, $"Method not found ({PlainText.Of(method)}).");

    public async Task<Answer<long>> Say(string text, string name)
    {
        await _gathered;
        if (!Exists)
            return UnknownRoom();
        return Speak(default, new Identity { Name = PlainText.Of(name, "server"), Role = MemberRole.Moderator, Source = "server" }, text);
    }

    private Answer<AmfValue> SayAs(Member speaker, AmfValue said)
    {
        if (speaker.Identity.Role < MemberRole.Member)
            return new Refusal(RefusalCode.NotPermitted, $"A {MemberSlot.Role(speaker.Identity.Role)} may not talk here.");
        if (_moderation.Muted(speaker, Now).HasFlag(MutedMedia.Text))
            return new Refusal(RefusalCode.NotPermitted, "You are muted here: nobody hears what you say.");
        var spoken = Speak(speaker.Id, speaker.Identity, said.AsString());
        return spoken.IsDone ? (AmfValue)(double)spoken.Value : spoken.Refusal;
    }

    private Answer<long> Speak(ConnectionId speaker, Identity identity, string? text)
    {
        if (text is null || string.Concat(text.Where(c => c == '\n' || !char.IsControl(c))).Trim() is not { Length: > 0 } line)
            return new Refusal(RefusalCode.InvalidArgument, "A line of chat needs a text.");
        if (line.Length > _options.ChatLength)
        {
            _metrics.LimitHit("chat-length");
            return new Refusal(RefusalCode.InvalidArgument, $"A line has at the most {_options.ChatLength} characters, and this one {line.Length} (Rooms:ChatLength).");
        }
        var spoken = _chat.Add(speaker, identity, line, Now);
        _roster.Say(spoken);
        return spoken.Number;
    }

    private Answer<AmfValue> History()
    {
        AmfArray lines = [.. _chat.Lines.Select(line => line.ToAmf())];
        return (AmfValue)lines;
    }

    private Answer<AmfValue> List()
    {
        var streams = _streams.Streams.ToArray();
        AmfArray members = [.. _seats.Members.Take(_objectOptions.MaxSlots).Select(member => MemberSlot.Of(member, streams).Value)];
        return (AmfValue)members;
    }

    private async Task<Answer<AmfValue>> KickAs(Member moderator, ConnectionId? id, string reason)
    {
        if (moderator.Identity.Role < MemberRole.Moderator)
            return NotModerator();
        if (id is not { } connection)
            return new Refusal(RefusalCode.InvalidArgument, "room.kick(id, reason) needs the id of a member.");
        return await Kick(connection, reason, Who(moderator)) is { IsDone: false } refused ? refused.Refusal : AmfValue.Null;
    }

    private Answer<AmfValue> Pending(Member moderator)
    {
        if (!MayApprove(moderator))
            return NotModerator();
        AmfArray list = [.. _queue.List().Take(_objectOptions.MaxSlots).Select(guest => PendingSlot.Of(guest).Value)];
        return (AmfValue)list;
    }

    /// <summary>Decides about a pending connection, if it is one for this room.</summary>
    private async Task<Answer<AmfValue>> Decide(Member moderator, ConnectionId? id, Func<IPendingConnectionGrain, string, Task<Answer<Verdict>>> decide)
    {
        if (!MayApprove(moderator))
            return NotModerator();
        if (id is not { } connection)
            return new Refusal(RefusalCode.InvalidArgument, "The id of a pending connection is missing: room.pending() lists them.");
        var pending = GrainFactory.GetPending(connection);
        var described = await pending.Describe();
        if (!described.IsDone)
            return described.Refusal;
        // Who moderates one room decides nothing about another.
        var summary = described.Value.Summary;
        if (summary.Application != _key.Application || summary.Room != _key.Room)
            return new Refusal(RefusalCode.UnknownConnection, $"Nobody with the id {connection} waits for {_key}.");
        var verdict = await decide(pending, Who(moderator));
        return verdict.IsDone ? (AmfValue)verdict.Value.Description : verdict.Refusal;
    }

    private bool MayApprove(Member member) => member.Identity.Role >= MemberRole.Moderator
        || (Settings.ApproveBy == ApproveRule.Members && member.Identity is { Role: >= MemberRole.Member, IsKnown: true });

    /// <summary>Who did it, for trails: a name alone may be anybody's.</summary>
    private static string Who(Member member) => PlainText.Of(member.Identity.IsKnown ? member.Identity.User : $"{member.Identity.Name} {member.Id}");

    private Refusal NotModerator() => new(RefusalCode.NotPermitted, $"Only moderators of {_key} may do that.");

    private static Refusal NotAllowed(string method) =>
        new(RefusalCode.InvalidName, $"Clients are not called by the name '{PlainText.Of(method)}': it is empty, too long, or one that media clients act upon by themselves.");

    private static AmfValue Argument(ImmutableArray<AmfValue> arguments, int index) => index < arguments.Length ? arguments[index] : default;

    private static string Text(ImmutableArray<AmfValue> arguments, int index) => Argument(arguments, index).AsString() ?? "";

    private static ConnectionId? Id(ImmutableArray<AmfValue> arguments) => ConnectionId.TryParse(Text(arguments, 0), out var id) ? id : null;
}
