using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests;

/// <summary>A cluster that the tests of a class share; each test uses an application of its own.</summary>
public abstract class ClusterFixture(GrainClusterOptions options) : IAsyncLifetime
{
    public GrainCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await GrainCluster.Start(options);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Cluster.DisposeAsync();
    }
}

/// <summary>One silo, in real time.</summary>
public sealed class OneSilo() : ClusterFixture(new GrainClusterOptions());

/// <summary>Three silos, in real time.</summary>
public sealed class ThreeSilos() : ClusterFixture(new GrainClusterOptions { Silos = 3 });

/// <summary>Silos on the tests' clock, with steps and calls that tests can hold.</summary>
public abstract class HeldSilos(int silos) : ClusterFixture(
    new GrainClusterOptions { Silos = silos, OwnClock = true, Services = Holds.Add, Silo = silo => silo.AddIncomingGrainCallFilter<CallHold>() });

/// <summary>One of them.</summary>
public sealed class OneHeldSilo() : HeldSilos(1);

/// <summary>Three of them.</summary>
public sealed class ThreeHeldSilos() : HeldSilos(3);
