namespace RoomGrains;

/// <summary>From typed keys to grains: nobody else writes a grain key as text.</summary>
public static class GrainKeys
{
    /// <summary>The room's grain.</summary>
    public static IRoomGrain GetRoom(this IGrainFactory grains, RoomKey key) => grains.GetGrain<IRoomGrain>(key.ToString());

    /// <summary>The grain of a pending connection.</summary>
    public static IPendingConnectionGrain GetPending(this IGrainFactory grains, ConnectionId id) => grains.GetGrain<IPendingConnectionGrain>(id.Value);

    /// <summary>The directory of an application.</summary>
    public static IDirectoryGrain GetDirectory(this IGrainFactory grains, string application) => grains.GetGrain<IDirectoryGrain>(application);

    /// <summary>The cluster's grain.</summary>
    public static IClusterGrain GetCluster(this IGrainFactory grains) => grains.GetGrain<IClusterGrain>(ClusterKey.Only);
}
