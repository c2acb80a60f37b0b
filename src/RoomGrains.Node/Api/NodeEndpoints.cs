namespace RoomGrains.Node.Api;

/// <summary>The cluster's nodes and applications.</summary>
internal static class NodeEndpoints
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromMinutes(1);

    public static void Map(IEndpointRouteBuilder api)
    {
        var cluster = api.MapGroup("").WithTags("Cluster");
        cluster.MapGet("/nodes", async (IGrainFactory grains) => TypedResults.Ok(await grains.GetCluster().ListNodes())).WithName("listNodes").WithSummary("The nodes and their load.");
        cluster.MapPost("/nodes/{name}/drain", async (string name, double? within, IGrainFactory grains) =>
                (await grains.GetCluster().DrainNode(name, within is >= 0 and <= 3600 ? TimeSpan.FromSeconds(within.Value) : DrainTime)).ToResult())
            .WithName("drainNode").WithSummary("Make a node leave the cluster without hurting its clients, within so many seconds (60).");
        cluster.MapGet("/applications", async (IGrainFactory grains) => TypedResults.Ok(await grains.GetCluster().ListApplications()))
            .WithName("listApplications").WithSummary("The applications that the cluster has seen.");
        cluster.MapGet("/applications/{application}/settings", async (string application, IGrainFactory grains) => TypedResults.Ok(await grains.GetDirectory(application).GetSettings()))
            .WithName("showApplication").WithSummary("The settings that an application's rooms follow.");
        cluster.MapPut("/applications/{application}/settings", async (string application, ApplicationSettings settings, IGrainFactory grains) =>
                (await grains.GetDirectory(application).SetSettings(settings)).ToResult())
            .WithName("changeApplication").WithSummary("Replace the settings of an application; rooms follow them at once.");
    }
}
