using RoomGrains.Applications;
using RoomGrains.Grains.Identities;
using RoomGrains.Grains.Pending;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Webhooks;

/// <summary>The room application of everybody whose code is not in the silo: it asks another program over HTTP.</summary>
internal sealed class WebhookApplication(WebhookClient hook, TimeProvider clock) : RoomApplication
{
    /// <summary>What a room waits for, with a second to spare: it is the setting that says what becomes of a publisher whom nobody decides about, and not the room's own limit.</summary>
    private static readonly TimeSpan RoomLimit = Limit - TimeSpan.FromSeconds(1);

    /// <summary>What proves itself to this cluster is nobody else's to see.</summary>
    private static readonly string[] s_own = [TicketUrl.Parameter, "token", "key", "pass", "password"];

    public override async ValueTask<StepResult> OnConnect(AdmissionContext connection, CancellationToken cancellationToken)
    {
        if (!hook.Wants(WebhookNames.OnConnect))
            return StepResult.Continue;
        var request = connection.Request;
        var reply = await hook.Send(
            New(WebhookNames.OnConnect, connection.Application) with
            {
                Room = connection.Room,
                Connection = WebhookClientInfo.Of(request.Connection, request.Address.ToString(), request.Client, request.Node, connection.Identity),
                Parameters = request.Parameters.Where(parameter => !s_own.Contains(parameter.Key, StringComparer.OrdinalIgnoreCase)).ToDictionary(),
                Arguments = [.. request.Arguments.Where(argument => !TokenReader.LooksLikeToken(argument))],
            },
            within: null, cancellationToken);
        if (reply.IsFailure)
            return hook.FailsOpen ? StepResult.Continue : StepResult.Reject(RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later.");
        Identify(connection, reply.Answer);
        return reply.Decision switch
        {
            WebhookDecision.Accept => StepResult.Accept,
            WebhookDecision.Reject => StepResult.Reject(RefusalCode.Denied, reply.Reason),
            WebhookDecision.Redirect => StepResult.Redirect(reply.Answer?.Url ?? ""),
            WebhookDecision.Pending => StepResult.Pending,
            _ => StepResult.Continue,
        };
    }

    public override ValueTask<Refusal?> OnPublish(RoomContext room, Member member, string stream) =>
        Decide(WebhookNames.OnPublish, "publishes", room, member, stream);

    public override ValueTask<Refusal?> OnPlay(RoomContext room, Member member, string stream) => Decide(WebhookNames.OnPlay, "watches", room, member, stream);

    internal override bool AsksPlays => hook.Wants(WebhookNames.OnPlay);

    public override ValueTask OnUnpublish(RoomContext room, StreamInfo stream) =>
        Tell(New(WebhookNames.OnUnpublish, room.Key.Application) with { Room = room.Key.Room, Stream = stream.Name });

    public override ValueTask OnJoin(RoomContext room, Member member) => Tell(Of(WebhookNames.OnJoin, room, member));

    public override ValueTask OnLeave(RoomContext room, Member member) => Tell(Of(WebhookNames.OnLeave, room, member));

    private async ValueTask<Refusal?> Decide(string name, string what, RoomContext room, Member member, string stream)
    {
        if (!hook.Wants(name))
            return null;
        var reply = await hook.Send(Of(name, room, member) with { Stream = stream }, RoomLimit, CancellationToken.None);
        if (reply.IsFailure)
            return hook.FailsOpen ? null : new Refusal(RefusalCode.Unavailable, $"The program that decides who {what} does not answer. Try again later.");
        return reply.Decision is WebhookDecision.Continue or WebhookDecision.Accept ? null : new Refusal(RefusalCode.Denied, reply.Reason);
    }

    private async ValueTask Tell(WebhookEvent happened)
    {
        if (hook.Wants(happened.Event))
            await hook.Send(happened, RoomLimit, CancellationToken.None);
    }

    /// <summary>A program with users of its own knows better who this is.</summary>
    private static void Identify(AdmissionContext connection, WebhookAnswer? answer)
    {
        if (answer is not { User.Length: > 0 } and not { Role.Length: > 0 })
            return;
        var before = connection.Identity;
        connection.Admission.Identity = before with
        {
            User = answer.User is { Length: > 0 } user ? PlainText.Of(user) : before.User,
            Name = answer.Name is { Length: > 0 } name ? PlainText.Of(name) : before.Name,
            Role = answer.Role is { } text && WebhookReply.TryRole(text, out var role) ? role : before.Role,
            Source = "webhook",
        };
    }

    private WebhookEvent Of(string name, RoomContext room, Member member) =>
        New(name, room.Key.Application) with { Room = room.Key.Room, Connection = WebhookClientInfo.Of(member), Members = room.Members.Length };

    private WebhookEvent New(string name, string application) => new(name, Ulid.NewUlid().ToString().ToLowerInvariant(), clock.GetUtcNow(), application);
}
