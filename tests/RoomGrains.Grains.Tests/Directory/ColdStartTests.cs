using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Directory;

/// <summary>The fault of 2007: the first user's connect came before the room data, and was rejected.</summary>
public sealed class ColdStartTests
{
    [Theory, InlineData(1), InlineData(3)]
    public async Task The_very_first_connections_wait_for_the_directory_and_are_admitted(int silos)
    {
        var database = new SlowDatabase();
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Silos = silos, Services = database.Decorate });
        var admissions = Enumerable.Range(0, 20).Select(_ => cluster.Client.Admit(Requests.New(), TimeSpan.FromSeconds(1))).ToList();
        await database.Asked.Task;
        // They ask slice after slice meanwhile.
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, TestContext.Current.CancellationToken);
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

    /// <summary>The real storage, with loads of directories that are held or fail.</summary>
    private sealed class SlowDatabase
    {
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Loaded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Failures { get; set; }

        public void Decorate(IServiceCollection services)
        {
            var real = services.Last(s => s.ServiceType == typeof(IGrainStorage) && s.IsKeyedService && Equals(s.ServiceKey, "Default"));
            services.Remove(real);
            services.AddKeyedSingleton<IGrainStorage>("Default", (provider, key) => new Storage(this, (IGrainStorage)real.KeyedImplementationFactory!(provider, key)));
        }

        private sealed class Storage(SlowDatabase database, IGrainStorage real) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
        {
            public void Participate(ISiloLifecycle observer) => ((ILifecycleParticipant<ISiloLifecycle>)real).Participate(observer);

            public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
            {
                if (stateName == "application")
                {
                    database.Asked.TrySetResult();
                    await database.Loaded.Task;
                    if (database.Failures > 0)
                    {
                        database.Failures--;
                        throw new Microsoft.Data.Sqlite.SqliteException("disk I/O error", 10);
                    }
                }
                await real.ReadStateAsync(stateName, grainId, grainState);
            }

            public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => real.WriteStateAsync(stateName, grainId, grainState);

            public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => real.ClearStateAsync(stateName, grainId, grainState);
        }
    }
}
