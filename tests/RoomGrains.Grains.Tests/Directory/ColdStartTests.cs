using System.Collections.Concurrent;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Directory;

/// <summary>The fault of 2007: the first user's connect came before the room data, and was rejected.</summary>
public sealed class ColdStartTests
{
    [Theory, InlineData(1), InlineData(3)]
    public async Task The_very_first_connections_wait_for_the_directory_and_are_admitted(int silos)
    {
        var (database, slices) = (new SlowDatabase(), new Slices());
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Silos = silos, Services = database.Decorate, Silo = silo => silo.AddIncomingGrainCallFilter(slices) });
        var admissions = Enumerable.Range(0, 20).Select(_ => cluster.Client.Admit(Requests.New(), TimeSpan.FromSeconds(1))).ToList();
        await database.Asked.Task;
        await Until.True(() => slices.Asked.Count == 20 && slices.Asked.Values.All(times => times >= 3), "they ask slice after slice");
        Assert.All(admissions, a => Assert.False(a.IsCompleted));

        database.Loaded.SetResult();
        Assert.All(await Task.WhenAll(admissions), v => Assert.Equal(VerdictKind.Accept, v.Kind));
    }

    [Fact]
    public async Task A_database_that_fails_for_a_while_costs_time_and_not_the_client()
    {
        var database = new SlowDatabase { Failures = 3 };
        database.Loaded.SetResult();
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Services = database.Decorate });
        Assert.Equal(VerdictKind.Accept, (await cluster.Client.Admit(Requests.New())).Kind);
        Assert.Equal(0, database.Failures);
    }

    /// <summary>Counts how often each connection asks for its verdict.</summary>
    private sealed class Slices : IIncomingGrainCallFilter
    {
        public ConcurrentDictionary<GrainId, int> Asked { get; } = new();

        public Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.InterfaceMethod.Name == nameof(IPendingConnectionGrain.Admit))
                Asked.AddOrUpdate(context.TargetId, 1, (_, times) => times + 1);
            return context.Invoke();
        }
    }
}
