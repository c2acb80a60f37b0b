namespace RoomGrains.Node.Api;

/// <summary>Bans, mutes, known guests, and who did what.</summary>
internal static class ModerationEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var room = api.MapGroup("/rooms/{application}/{room}").WithTags("Moderation");
        room.MapGet("/moderation", async (string application, string room, IGrainFactory grains) => (await ApiEndpoints.Room(grains, application, room).DescribeModeration()).ToResult())
            .WithName("showModeration").WithSummary("Who is banned, muted, and let pass by the waiting room.");
        room.MapGet("/audit", async (string application, string room, int? last, IGrainFactory grains) => TypedResults.Ok(await grains.GetAudit(new RoomKey(application, room)).List(last ?? 50)))
            .WithName("listAudit").WithSummary("Who did what in a room, the newest first; also of a room that was closed.");
        room.MapPost("/bans", async (string application, string room, BanRequest ban, string? by, IGrainFactory grains, TimeProvider time) =>
                (await ApiEndpoints.Room(grains, application, room).Ban(ban.ToBan(by, time))).ToResult())
            .WithName("ban").WithSummary("Keep a user or addresses out, and put out who is in.");
        room.MapDelete("/bans/{**subject}", async (string application, string room, string subject, string? by, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).Unban(subject, ApiEndpoints.By(by))).ToResult())
            .WithName("unban").WithSummary("Lift a ban, by its user or its addresses.");
        room.MapPut("/members/{id}/mute", async (string application, string room, string id, MuteRequest mute, string? by, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).Mute(new ConnectionId(id), mute.Media, mute.Duration, ApiEndpoints.By(by))).ToResult())
            .WithName("mute").WithSummary("Drop a member's sound, picture or words.");
        room.MapDelete("/mutes/{subject}", async (string application, string room, string subject, string? by, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).Unmute(subject, ApiEndpoints.By(by))).ToResult())
            .WithName("unmute").WithSummary("End a mute, by its user or its connection.");
        room.MapPut("/guests/{user}", async (string application, string room, string user, string? by, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).Remember(user, ApiEndpoints.By(by))).ToResult())
            .WithName("rememberGuest").WithSummary("Let a user pass the waiting room from now on.");
        room.MapDelete("/guests/{user}", async (string application, string room, string user, string? by, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).Forget(user, ApiEndpoints.By(by))).ToResult())
            .WithName("forgetGuest").WithSummary("Let a user wait again as everybody does.");
    }
}

/// <summary>Whom to ban: a user or addresses; for how many seconds, or for good.</summary>
internal sealed record BanRequest(string? User = null, string? Addresses = null, string? Reason = null, TimeSpan? Duration = null)
{
    public Ban ToBan(string? by, TimeProvider time) =>
        new() { User = User ?? "", Addresses = Addresses ?? "", Reason = Reason ?? "", By = ApiEndpoints.By(by), Until = time.GetUtcNow() + Duration };
}

/// <summary>What to drop; for how many seconds, or until it is ended.</summary>
internal sealed record MuteRequest(MutedMedia Media, TimeSpan? Duration = null);
