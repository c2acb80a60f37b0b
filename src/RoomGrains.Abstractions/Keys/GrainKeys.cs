using Orleans.Runtime;

namespace RoomGrains;

/// <summary>From typed keys to grains: nobody else writes a grain key as text.</summary>
public static class GrainKeys
{
    /// <summary>The room's grain.</summary>
    public static IRoomGrain GetRoom(this IGrainFactory grains, RoomKey key) => grains.Get<IRoomGrain>(key.ToString());

    /// <summary>What has been done in a room by whom.</summary>
    public static IAuditGrain GetAudit(this IGrainFactory grains, RoomKey key) => grains.Get<IAuditGrain>(key.ToString());

    /// <summary>What has been done in an application as a whole by whom.</summary>
    public static IAuditGrain GetAudit(this IGrainFactory grains, string application) => grains.Get<IAuditGrain>(application);

    /// <summary>The grain of a pending connection.</summary>
    public static IPendingConnectionGrain GetPending(this IGrainFactory grains, ConnectionId id) => grains.Get<IPendingConnectionGrain>(id.Value);

    /// <summary>The directory of an application.</summary>
    public static IDirectoryGrain GetDirectory(this IGrainFactory grains, string application) => grains.Get<IDirectoryGrain>(application);

    /// <summary>The cluster's grain.</summary>
    public static IClusterGrain GetCluster(this IGrainFactory grains) => grains.Get<IClusterGrain>(ClusterKey.Only);

    /// <summary>A media job's grain.</summary>
    public static IMediaJobGrain GetMediaJob(this IGrainFactory grains, JobId id) => grains.Get<IMediaJobGrain>(id.Value);

    /// <summary>The media jobs of the cluster.</summary>
    public static IMediaJobDirectoryGrain GetMediaJobs(this IGrainFactory grains) => grains.Get<IMediaJobDirectoryGrain>(ClusterKey.Only);

    /// <summary>What the media jobs of an application have written.</summary>
    public static IRecordingsGrain GetRecordings(this IGrainFactory grains, string application) => grains.Get<IRecordingsGrain>(application);

    /// <summary>Who tells what tokens and keys prove.</summary>
    public static ICredentialsGrain GetCredentials(this IGrainFactory grains) => grains.Get<ICredentialsGrain>(ClusterKey.Only);

    /// <summary>The stream keys of an application.</summary>
    public static IStreamKeysGrain GetStreamKeys(this IGrainFactory grains, string application) => grains.Get<IStreamKeysGrain>(application);

    /// <summary>The grain of a shared object.</summary>
    public static ISharedObjectGrain GetSharedObject(this IGrainFactory grains, SharedObjectKey key) => grains.Get<ISharedObjectGrain>(key.ToString());

    /// <summary>
    /// Orleans finds out anew with every <c>GetGrain&lt;T&gt;</c> which grain an interface means, by reflection: with five calls for each admission
    /// that was a sixth of its CPU. The answer is the same for the life of the process.
    /// </summary>
    private static T Get<T>(this IGrainFactory grains, string key)
        where T : class, IGrainWithStringKey
    {
        if (Meant<T>.Types is { } types)
            return (T)grains.GetGrain(GrainId.Create(types.Grain, IdSpan.Create(key)), types.Interface);
        var grain = grains.GetGrain<T>(key);
        if (grain is GrainReference reference)
            Meant<T>.Types = new GrainTypes(reference.GrainId.Type, reference.InterfaceType);
        return grain;
    }

    private static class Meant<T>
    {
        public static GrainTypes? Types;
    }

    private sealed record GrainTypes(GrainType Grain, GrainInterfaceType Interface);
}
