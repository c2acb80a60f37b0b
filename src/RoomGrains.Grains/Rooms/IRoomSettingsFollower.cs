using Orleans.Concurrency;

namespace RoomGrains.Grains.Rooms;

/// <summary>What the directory tells its rooms: between our own grains, no part of the client API.</summary>
[Alias("RoomGrains.Grains.IRoomSettingsFollower")]
internal interface IRoomSettingsFollower : IGrainWithStringKey
{
    /// <summary>The application's settings have changed.</summary>
    [Alias("Follow"), OneWay]
    Task Follow(ApplicationSettings settings);
}
