namespace RoomGrains.Grains.Directory;

/// <summary>What rooms tell their directory, and pending connections ask it: between our own grains, no part of the client API. Rooms are authoritative, the directory has copies.</summary>
[Alias("RoomGrains.Grains.IRoomRegister")]
internal interface IRoomRegister : IGrainWithStringKey
{
    /// <summary>A room came up. Its directory's copy of its settings is corrected where it is wrong.</summary>
    /// <param name="room">The room's name.</param>
    /// <param name="settings">Its durable settings; null when it has none.</param>
    /// <returns>What holds in all rooms of the application.</returns>
    [Alias("Activated")]
    Task<ApplicationRules> Activated(string room, RoomSettings? settings);

    /// <summary>A room has been created, changed (settings), or closed (null). Returns when that is durable; refused when there is no such application.</summary>
    [Alias("SetPermanent")]
    Task<Answer> SetPermanent(string room, RoomSettings? settings);

    /// <summary>What holds in all rooms of the application; null where it is what the room knows.</summary>
    /// <param name="version">The version that the room knows.</param>
    [Alias("RulesAfter")]
    Task<ApplicationRules?> RulesAfter(long version);

    /// <summary>A stream key is worth nothing any more: rooms put out who is there with it. Returns when that is durable.</summary>
    /// <param name="id">The key's id.</param>
    [Alias("KeyRevoked")]
    Task KeyRevoked(string id);

    /// <summary>How long a newcomer to this room may be pending, where the room's or the application's settings say so; null where they don't.</summary>
    [Alias("DeadlineOf")]
    Task<TimeSpan?> DeadlineOf(string? room);
}
