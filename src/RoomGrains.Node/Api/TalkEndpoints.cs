using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.HttpResults;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Node.Api;

/// <summary>Shared objects, chat, and calls of members' clients.</summary>
internal static class TalkEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var room = api.MapGroup("/rooms/{application}/{room}").WithTags("Shared objects and calls");
        room.MapGet("/objects", async (string application, string room, IGrainFactory grains) => (await ApiEndpoints.Room(grains, application, room).ListObjects()).ToResult())
            .WithName("listObjects").WithSummary("The room's shared objects. What the server keeps (members, streams, room, waiting) is not in it, and is read in the same way.");
        room.MapGet("/objects/{**name}", ReadObject).WithName("readObject").WithSummary("A shared object as it is now.");
        room.MapPatch("/objects/{**name}", ChangeObject).WithName("changeObject").WithSummary("Change slots of a shared object that somebody uses, in the server's name: slots by name; null removes one.");
        room.MapPost("/chat", async (string application, string room, ChatRequest line, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).Say(line.Text, line.Name ?? "")).ToResult(number => new ChatSaid(number)))
            .WithName("say").WithSummary("Say something in the room's chat, in the server's name.");
        room.MapPost("/calls", async (string application, string room, CallRequest call, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).Broadcast(call.Method, call.Values)).ToResult())
            .WithName("callAll").WithSummary("Call a method of every member's client. No answer is waited for.");
        room.MapPost("/members/{id}/calls", async (string application, string room, string id, CallRequest call, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).CallClient(new ConnectionId(id), call.Method, call.Values)).ToResult(result => new CallResult(result)))
            .WithName("callMember").WithSummary("Call a method of a member's client, and wait for its answer. Encoders and media players never answer.");
    }

    private static async Task<Results<Ok<ObjectContents>, ProblemHttpResult>> ReadObject(string application, string room, string name, IGrainFactory grains) => Key(application, room, name) is { } key
        ? (await grains.GetSharedObject(key).Read()).ToResult(contents => new ObjectContents(contents.Version, contents.Persistent, contents.Slots.ToDictionary(slot => slot.Name, slot => slot.Value)))
        : NoName(name);

    private static async Task<Results<Ok<ObjectChanged>, ProblemHttpResult>> ChangeObject(string application, string room, string name, Dictionary<string, AmfValue> slots, IGrainFactory grains) =>
        Key(application, room, name) is { } key
            ? (await grains.GetSharedObject(key).Change(null, MemberRole.Moderator, [.. slots.Select(slot => SharedObjectChange.Set(slot.Key, slot.Value))]))
                .ToResult(refused => new ObjectChanged([.. refused.Select(refusal => new SlotRefusal(refusal.Change.Name, refusal.Refusal.Message))]))
            : NoName(name);

    private static SharedObjectKey? Key(string application, string room, string name) =>
        SharedObjectKey.IsValidName(name) ? new SharedObjectKey(new RoomKey(application, room), name) : null;

    private static ProblemHttpResult NoName(string name) => ApiResults.Problem(new Refusal(RefusalCode.InvalidName, $"'{PlainText.Of(name)}' is no shared object. {SharedObjectKey.Rule}"));
}

/// <summary>A shared object; its slots by name.</summary>
internal sealed record ObjectContents(long Version, bool Persistent, IReadOnlyDictionary<string, AmfValue> Slots);

/// <summary>What was not done of a change, and why; empty: all was.</summary>
internal sealed record ObjectChanged(IReadOnlyList<SlotRefusal> Refused);

/// <summary>A slot that was not changed.</summary>
internal sealed record SlotRefusal(string Slot, string Reason);

/// <summary>A line of chat; who says so, as people are shown it.</summary>
internal sealed record ChatRequest(string Text, string? Name = null);

/// <summary>The number that the line has in the room.</summary>
internal sealed record ChatSaid(long Number);

/// <summary>A method of a client, and what to call it with.</summary>
internal sealed record CallRequest(string Method, IReadOnlyList<AmfValue>? Arguments = null)
{
    public ImmutableArray<AmfValue> Values => Arguments is null ? [] : [.. Arguments];
}

/// <summary>What a client answered.</summary>
internal sealed record CallResult(AmfValue Result);
