using System.Security.Cryptography;
using Orleans.Runtime.Placement;

namespace RoomGrains.Grains.Placement;

/// <summary>
/// Chooses a silo by the table of loads. A hint comes first, or a grain could not be migrated to where it is wanted. Silos that have not
/// reported are passed over while others have; where nobody has, any will do, unless the grain needs a role or a capability.
/// </summary>
internal sealed class LoadPlacementDirector(LoadTable loads) : IPlacementDirector
{
    /// <summary>The key in the request's context under which the caller names the node that is best among equals: the origin of a job's stream saves a relay.</summary>
    public const string NearKey = "roomgrains.near";

    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var wanted = (LoadPlacement)strategy;
        var compatible = context.GetCompatibleSilos(target);
        if (IPlacementDirector.GetPlacementHint(target.RequestContextData, compatible) is { } hint)
            return Task.FromResult(hint);
        var byText = compatible.ToDictionary(silo => silo.ToParsableString(), StringComparer.Ordinal);
        bool Fits(NodeReport node) => byText.ContainsKey(node.SiloAddress) && wanted.Fits(node);
        var near = target.RequestContextData?.GetValueOrDefault(NearKey) as string ?? "";
        if ((wanted.Role == NodeRoles.Worker ? loads.ChooseWorker(near, free: false, Fits) : loads.Choose(Fits)) is { } best)
            return Task.FromResult(byText[best.SiloAddress]);
        if (wanted.TakesAny)
            return Task.FromResult(compatible[RandomNumberGenerator.GetInt32(compatible.Length)]);
        throw new OrleansException($"No node that has reported can take {target.GrainIdentity}: it needs {Need(wanted)}.");
    }

    private static string Need(LoadPlacement wanted) => string.Join(
        " and ", ((string[])[wanted.Role.Length > 0 ? $"the role '{wanted.Role}'" : "", wanted.Capability.Length > 0 ? $"the capability '{wanted.Capability}'" : ""]).Where(n => n.Length > 0));
}
