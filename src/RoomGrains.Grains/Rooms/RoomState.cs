namespace RoomGrains.Grains.Rooms;

/// <summary>What is durable about a room.</summary>
[GenerateSerializer, Alias("RoomGrains.Grains.RoomState")]
internal sealed record RoomState
{
    /// <summary>Its own settings; null while nobody has created it.</summary>
    [Id(0)] public RoomSettings? Settings { get; init; }
    /// <summary>What its moderators have laid down; null: nothing.</summary>
    [Id(1)] public RoomModeration? Moderation { get; init; }
}
