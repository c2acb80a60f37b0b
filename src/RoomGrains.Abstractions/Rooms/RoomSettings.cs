namespace RoomGrains;

/// <summary>Settings of one room. What is null follows the application's settings, and those follow the node's configuration.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.RoomSettings")]
public sealed record RoomSettings
{
    /// <summary>Seats, 1 to 100 000.</summary>
    [Id(0)] public int? Capacity { get; init; }
    /// <summary>Whether newcomers wait until a moderator approves them.</summary>
    [Id(1)] public bool? WaitingRoom { get; init; }
    /// <summary>How long a newcomer may be pending, 1 s to 1 h.</summary>
    [Id(2)] public TimeSpan? Deadline { get; init; }
    /// <summary>A title for people, up to 200 characters.</summary>
    [Id(3)] public string? Title { get; init; }
    /// <summary>Profiles of the media jobs that begin with every stream of the room, for example <c>record</c>; separated by commas. Empty: none.</summary>
    [Id(4)] public string? Auto { get; init; }
}

/// <summary>Settings of an application. What is null follows the node's configuration.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.ApplicationSettings")]
public sealed record ApplicationSettings
{
    /// <summary>Whether a room that nobody created comes to be when the first client asks for it.</summary>
    [Id(0)] public bool? CreateRoomsOnTheFly { get; init; }
    /// <summary>What rooms without settings of their own have.</summary>
    [Id(1)] public RoomSettings RoomDefaults { get; init; } = new();
}

/// <summary>Settings with nothing left open.</summary>
/// <param name="Capacity">Seats.</param>
/// <param name="WaitingRoom">Whether newcomers wait until a moderator approves them.</param>
/// <param name="Deadline">How long a newcomer may be pending.</param>
/// <param name="Title">A title for people.</param>
/// <param name="Auto">Profiles of the media jobs that begin with every stream of the room, separated by commas.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.EffectiveRoomSettings")]
public sealed record EffectiveRoomSettings(
    [property: Id(0)] int Capacity, [property: Id(1)] bool WaitingRoom, [property: Id(2)] TimeSpan Deadline, [property: Id(3)] string Title,
    [property: Id(4)] string Auto = "");
