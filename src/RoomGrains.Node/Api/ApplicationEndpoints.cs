namespace RoomGrains.Node.Api;

/// <summary>Applications, and what holds in all of their rooms.</summary>
internal static class ApplicationEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var applications = api.MapGroup("/applications").WithTags("Applications");
        applications.MapGet("", async (IGrainFactory grains) => TypedResults.Ok(await grains.GetCluster().ListApplications()))
            .WithName("listApplications").WithSummary("The applications that the cluster has seen.");
        var one = applications.MapGroup("/{application}");
        one.MapGet("/settings", async (string application, IGrainFactory grains) => TypedResults.Ok(await grains.GetDirectory(application).GetSettings()))
            .WithName("showApplication").WithSummary("The settings that an application's rooms follow.");
        one.MapPut("/settings", async (string application, ApplicationSettings settings, IGrainFactory grains) => (await grains.GetDirectory(application).SetSettings(settings)).ToResult())
            .WithName("changeApplication").WithSummary("Replace the settings of an application; rooms follow them at once.");
        one.MapGet("/bans", async (string application, IGrainFactory grains) => TypedResults.Ok(await grains.GetDirectory(application).ListBans()))
            .WithName("listApplicationBans").WithSummary("Who gets into no room of the application.");
        one.MapPost("/bans", async (string application, BanRequest ban, string? by, IGrainFactory grains, TimeProvider time) => (await grains.GetDirectory(application).Ban(ban.ToBan(by, time))).ToResult())
            .WithName("banFromApplication").WithSummary("Keep a user or addresses out of all rooms, and put out who is in one.");
        one.MapDelete("/bans/{**subject}", async (string application, string subject, string? by, IGrainFactory grains) =>
                (await grains.GetDirectory(application).Unban(subject, ApiEndpoints.By(by))).ToResult())
            .WithName("unbanFromApplication").WithSummary("Lift such a ban, by its user or its addresses.");
        one.MapGet("/audit", async (string application, int? last, IGrainFactory grains) => TypedResults.Ok(await grains.GetAudit(application).List(last ?? 50)))
            .WithName("listApplicationAudit").WithSummary("Who did what to all rooms of the application, the newest first.");
    }
}
