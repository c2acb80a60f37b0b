using Orleans.Concurrency;
using RoomGrains.Grains.Directory;

namespace RoomGrains.Grains.Rooms;

/// <summary>What the directory tells its rooms: between our own grains, no part of the client API.</summary>
[Alias("RoomGrains.Grains.IRoomFollower")]
internal interface IRoomFollower : IGrainWithStringKey
{
    /// <summary>What holds in all rooms of the application has changed. Who may not be here any more is put out.</summary>
    [Alias("Follow"), OneWay]
    Task Follow(ApplicationRules rules);
}
