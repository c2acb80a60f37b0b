using System.Text.Json;
using System.Text.Json.Serialization;

namespace RoomGrains.Grains.Webhooks;

// The JSON that a hook gets and gives: a contract with programs. Fields are added, never renamed or removed. Times are UTC in ISO 8601.

/// <summary>Names of what a hook is asked and told.</summary>
internal static class WebhookNames
{
    public const string OnConnect = "on_connect", OnPublish = "on_publish", OnPlay = "on_play", OnUnpublish = "on_unpublish", OnJoin = "on_join", OnLeave = "on_leave";

    public static IReadOnlyList<string> All { get; } = [OnConnect, OnPublish, OnPlay, OnUnpublish, OnJoin, OnLeave];
}

/// <summary>What is sent. What an event does not have is not in it.</summary>
internal sealed record WebhookEvent(string Event, string Id, DateTimeOffset At, string Application)
{
    public string? Room { get; init; }
    public string? Stream { get; init; }
    public WebhookClientInfo? Connection { get; init; }
    public IReadOnlyDictionary<string, string>? Parameters { get; init; }
    public IReadOnlyList<string>? Arguments { get; init; }
    public int? Members { get; init; }
}

/// <summary>A connection, as hooks know it.</summary>
internal sealed record WebhookClientInfo(string Id, string Address, string Client, string Node, string User, string Name, string Role, string Source)
{
    public static WebhookClientInfo Of(ConnectionId id, string address, string client, string node, Identity identity) =>
        new(id.Value, address, client, node, identity.User, identity.Name, JsonNamingPolicy.CamelCase.ConvertName(identity.Role.ToString()), identity.Source);

    public static WebhookClientInfo Of(Member member) => Of(member.Id, member.Address, member.Client, member.Node, member.Identity);
}

/// <summary>What may be answered.</summary>
/// <param name="Decision"><c>continue</c> (also where it is left out), <c>accept</c>, <c>reject</c>, <c>redirect</c>, <c>pending</c>.</param>
/// <param name="Reason">For a rejection: what the client is told.</param>
/// <param name="Url">For a redirect: where to.</param>
/// <param name="Connection">The connection that was asked about; where it is another, the answer is none.</param>
/// <param name="User">Who it is, where the hook knows.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Role">What it may do: <c>player</c>, <c>publisher</c>, <c>member</c>, <c>moderator</c>.</param>
/// <param name="Detail">The reason in problem+json.</param>
internal sealed record WebhookAnswer(
    string? Decision, string? Reason, string? Url, string? Connection, string? User, string? Name, string? Role, string? Detail);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WebhookEvent))]
[JsonSerializable(typeof(WebhookAnswer))]
internal sealed partial class WebhookJson : JsonSerializerContext;
