using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;

namespace RoomGrains.Testing;

/// <summary>A cluster's real storage, in which the loads of directories are held until the test lets them go, or fail first.</summary>
public sealed class SlowDatabase
{
    /// <summary>Completes when the first directory wants its state.</summary>
    public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completed by the test: the state may be loaded.</summary>
    public TaskCompletionSource Loaded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How many loads are to fail before one succeeds.</summary>
    public int Failures { get; set; }

    /// <summary>Puts it in front of a silo's storage; for <see cref="GrainClusterOptions.Services"/>.</summary>
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
