namespace RoomGrains.Node.Api;

/// <summary>Who waits, and the three verdicts.</summary>
internal static class PendingEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var pending = api.MapGroup("/pending").WithTags("Pending connections");
        pending.MapGet("", ListAsync).WithName("listPending").WithSummary("Who is waiting, since when, for what; the longest first.");
        pending.MapGet("/{id}", async (string id, IGrainFactory grains) => (await grains.GetPending(new ConnectionId(id)).Describe()).ToResult())
            .WithName("showPending").WithSummary("One connection, and what happened to it so far; for a while also after it was decided.");
        pending.MapPost("/{id}/approve", async (string id, bool? remember, string? by, IGrainFactory grains) =>
                (await grains.GetPending(new ConnectionId(id)).Approve(ApiEndpoints.By(by), remember ?? false)).ToResult())
            .WithName("approve").WithSummary("Let it in.");
        pending.MapPost("/{id}/reject", async (string id, string? reason, string? by, IGrainFactory grains) =>
                (await grains.GetPending(new ConnectionId(id)).Reject(ApiEndpoints.By(by), reason ?? "")).ToResult())
            .WithName("reject").WithSummary("Tell it no.");
        pending.MapPost("/{id}/redirect", async (string id, string url, string? by, IGrainFactory grains) =>
                (await grains.GetPending(new ConnectionId(id)).Redirect(ApiEndpoints.By(by), url)).ToResult())
            .WithName("redirect").WithSummary("Tell it to go elsewhere. Few clients follow it.");
    }

    private static async Task<IEnumerable<PendingSummary>> ListAsync(string? application, IGrainFactory grains)
    {
        IEnumerable<string> applications = application is null ? await grains.GetCluster().ListApplications() : Names.IsValid(application) ? [application] : [];
        var lists = await Task.WhenAll(applications.Select(name => grains.GetDirectory(name).ListPending()));
        return lists.SelectMany(list => list).OrderBy(pending => pending.Since);
    }
}
