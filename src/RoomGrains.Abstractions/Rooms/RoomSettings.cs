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
    /// <summary>Who may publish.</summary>
    [Id(5)] public PublishRule? PublishBy { get; init; }
    /// <summary>Streams that a member may publish at a time, 0 to 100 000. 0: as many as the room has place for.</summary>
    [Id(6)] public int? StreamsPerMember { get; init; }
    /// <summary>Who may let newcomers in, of those who are in the room.</summary>
    [Id(7)] public ApproveRule? ApproveBy { get; init; }
    /// <summary>Whether nobody new gets in but moderators. Who is in stays, and may connect anew where its node asks it to.</summary>
    [Id(10)] public bool? Locked { get; init; }
    /// <summary>
    /// Who may change and read the room's shared objects: <c>NAME[#SLOT]:WRITERS[:READERS]</c> with commas between, for example
    /// <c>scores:server, poll#vote.*:members, notes:moderators:moderators</c>. The first rule that fits decides; names and slots may end in <c>*</c>; who is
    /// <c>everybody</c>, <c>publishers</c>, <c>members</c>, <c>moderators</c> or <c>server</c>. Where none fits, members change and everybody reads, and slots
    /// that begin with <c>_</c> are moderators' to change. Who uses an object already goes on reading it. Up to 2000 characters.
    /// </summary>
    [Id(11)] public string? Objects { get; init; }
}

/// <summary>Who may publish in a room.</summary>
public enum PublishRule
{
    /// <summary>Every member whose role is <see cref="MemberRole.Publisher"/> or more.</summary>
    Anybody = 0,
    /// <summary>Of those, who is known (<see cref="Identity.IsKnown"/>).</summary>
    Identified = 1,
    /// <summary>Moderators only.</summary>
    Moderators = 2,
}

/// <summary>Who may let newcomers into a room, of those who are in it.</summary>
public enum ApproveRule
{
    /// <summary>Moderators only.</summary>
    Moderators = 0,
    /// <summary>Every member whose role is <see cref="MemberRole.Member"/> or more and who is known (<see cref="Identity.IsKnown"/>).</summary>
    Members = 1,
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
/// <param name="PublishBy">Who may publish.</param>
/// <param name="StreamsPerMember">Streams that a member may publish at a time; 0: as many as the room has place for.</param>
/// <param name="ApproveBy">Who may let newcomers in, of those who are in the room.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.EffectiveRoomSettings")]
public sealed record EffectiveRoomSettings(
    [property: Id(0)] int Capacity, [property: Id(1)] bool WaitingRoom, [property: Id(2)] TimeSpan Deadline, [property: Id(3)] string Title,
    [property: Id(4)] string Auto = "", [property: Id(5)] PublishRule PublishBy = PublishRule.Anybody, [property: Id(6)] int StreamsPerMember = 0,
    [property: Id(7)] ApproveRule ApproveBy = ApproveRule.Moderators)
{
    /// <summary>Whether nobody new gets in but moderators.</summary>
    [Id(10)] public bool Locked { get; init; }
    /// <summary>Who may change and read the room's shared objects, as <see cref="RoomSettings.Objects"/>.</summary>
    [Id(11)] public string Objects { get; init; } = "";
}
