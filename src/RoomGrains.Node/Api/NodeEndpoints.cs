namespace RoomGrains.Node.Api;

/// <summary>The cluster's nodes.</summary>
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
    }
}
