using RoomGrains.Cluster.Tests.Crowds;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Faults;

/// <summary>Three nodes and PostgreSQL for the tests that break them, one after the other and beside no other test: they bound times.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FaultFixture : IAsyncLifetime, ICollectionFixture<FaultFixture>
{
    /// <summary>The name of the collection.</summary>
    public const string Name = "Faults";

    private ClusterProcesses? _cluster;
    private int _rooms;

    /// <summary>A room that no other test uses.</summary>
    public RoomKey NewRoom() => new("chat", $"fault{Interlocked.Increment(ref _rooms)}");

    /// <summary>The cluster with all of its nodes, and an empty crowd.</summary>
    internal async Task<FaultStage> SetAsync(ITestOutputHelper output)
    {
        foreach (var node in _cluster!.Nodes.Where(node => node.Program.HasExited).ToArray())
            await _cluster.RestartAsync(node.Name);
        return new FaultStage(_cluster, new Crowd(Seed.Next(output), FaultStage.NodesOf(_cluster)));
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _cluster = await ClusterProcesses.StartAsync(3);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _cluster?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>Tests that break a cluster of their own, beside no other test.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OwnCluster
{
    /// <summary>The name of the collection.</summary>
    public const string Name = "Own cluster";
}
