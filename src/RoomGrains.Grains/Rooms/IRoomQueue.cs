namespace RoomGrains.Grains.Rooms;

/// <summary>What pending connections tell the room whose moderators they wait for: between our own grains, no part of the client API.</summary>
[Alias("RoomGrains.Grains.IRoomQueue")]
internal interface IRoomQueue : IGrainWithStringKey
{
    /// <summary>A connection waits for approval, or does no more, as its state says; again while it waits.</summary>
    /// <returns>Its place in the queue, from 1; 0 when it waits no more.</returns>
    [Alias("Waits")]
    Task<int> Waits(PendingSummary guest);
}
