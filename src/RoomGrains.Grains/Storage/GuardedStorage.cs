using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace RoomGrains.Grains.Storage;

/// <summary>
/// The storage in front of the database's provider: what the database throws becomes a <see cref="DatabaseUnavailableException"/>, which every
/// client of the cluster knows. The exceptions of a database's driver are known only where the driver is.
/// </summary>
internal sealed class GuardedStorage(IGrainStorage storage) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    private const string Default = "Default";

    /// <summary>Puts it in front of the silo's default storage.</summary>
    public static void Guard(IServiceCollection services)
    {
        var provider = services.Last(s => s.ServiceType == typeof(IGrainStorage) && s.IsKeyedService && Equals(s.ServiceKey, Default));
        services.Remove(provider);
        services.AddKeyedSingleton<IGrainStorage>(Default, (all, key) => new GuardedStorage((IGrainStorage)provider.KeyedImplementationFactory!(all, key)));
    }

    public void Participate(ISiloLifecycle observer) => (storage as ILifecycleParticipant<ISiloLifecycle>)?.Participate(observer);

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        Try("read", grainId, storage.ReadStateAsync(stateName, grainId, grainState));

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        Try("write", grainId, storage.WriteStateAsync(stateName, grainId, grainState));

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        Try("delete", grainId, storage.ClearStateAsync(stateName, grainId, grainState));

    private static async Task Try(string what, GrainId grain, Task done)
    {
        try
        {
            await done;
        }
        catch (Exception e) when (e is DbException or SocketException or IOException)
        {
            throw new DatabaseUnavailableException($"The database could not {what} the state of {grain}: {e.Message}");
        }
    }
}
