using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace RoomGrains.Grains.Pending;

/// <summary>Answers for <see cref="DecidedConnections"/> of one silo.</summary>
[Alias("RoomGrains.Grains.IDecidedService")]
internal interface IDecidedService : IGrainService
{
    /// <summary>What this silo knows of a decided connection; null: nothing.</summary>
    [Alias("Find")]
    Task<DecidedConnection?> Find(ConnectionId id);
}

/// <summary>What a silo knows of a decided connection.</summary>
/// <param name="Details">How it came to what it is.</param>
/// <param name="Undelivered">Whether its client had left when it was to be told.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.Grains.DecidedConnection")]
internal sealed record DecidedConnection([property: Id(0)] PendingDetails Details, [property: Id(1)] bool Undelivered);

/// <summary>The service on each silo.</summary>
internal sealed class DecidedService(GrainId id, Silo silo, ILoggerFactory loggers, DecidedConnections decided) : GrainService(id, silo, loggers), IDecidedService
{
    public Task<DecidedConnection?> Find(ConnectionId id) =>
        Task.FromResult(decided.Find(id) is { } known ? new DecidedConnection(known.Details, known.Undelivered) : null);
}

/// <summary>Asks all other silos: a person who wants to know what became of a connection can't know where it was decided.</summary>
internal sealed class DecidedElsewhere(
    IServiceProvider services, IClusterMembershipService membership, ILocalSiloDetails local,
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock) : GrainServiceClient<IDecidedService>(services)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>What another silo knows; null where none does, or the one that might can't be reached.</summary>
    public async Task<DecidedConnection?> Find(ConnectionId id)
    {
        var others = membership.CurrentSnapshot.Members.Values.Where(silo => silo.Status == SiloStatus.Active && !silo.SiloAddress.Equals(local.SiloAddress));
        var answers = await Task.WhenAll(others.Select(silo => Ask(silo.SiloAddress, id)));
        return answers.FirstOrDefault(answer => answer is not null);
    }

    private async Task<DecidedConnection?> Ask(SiloAddress silo, ConnectionId id)
    {
        try
        {
            return await GetGrainService(silo).Find(id).WaitAsync(Patience, clock);
        }
        catch (Exception e) when (Retry.IsInfrastructure(e))
        {
            return null;
        }
    }
}
