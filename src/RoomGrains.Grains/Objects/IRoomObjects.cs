using Orleans.Concurrency;

namespace RoomGrains.Grains.Objects;

/// <summary>What a shared object asks of its room: between our own grains, no part of the client API.</summary>
[Alias("RoomGrains.Grains.IRoomObjects")]
internal interface IRoomObjects : IGrainWithStringKey
{
    /// <summary>An object is used: it comes up, or is still there. Refused where the room may have no more, or it is of the other kind.</summary>
    /// <returns>The rules of the room's objects, as <see cref="RoomSettings.Objects"/>.</returns>
    [Alias("OpenObject")]
    Task<Answer<string>> OpenObject(string name, bool persistent);

    /// <summary>An object that is not persistent is used no more.</summary>
    [Alias("CloseObject"), OneWay]
    Task CloseObject(string name);
}

/// <summary>What a room asks of its shared objects.</summary>
[Alias("RoomGrains.Grains.ISharedObjectLife")]
internal interface ISharedObjectLife : IGrainWithStringKey
{
    /// <summary>The room has been closed: what the object has is deleted.</summary>
    [Alias("Delete"), OneWay]
    Task Delete();

    /// <summary>The rules of the room's objects have changed.</summary>
    /// <param name="rules">The new ones, as <see cref="RoomSettings.Objects"/>.</param>
    [Alias("FollowRules"), OneWay]
    Task FollowRules(string rules);
}
