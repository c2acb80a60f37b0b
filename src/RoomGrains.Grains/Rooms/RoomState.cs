using System.Collections.Immutable;

namespace RoomGrains.Grains.Rooms;

/// <summary>What is durable about a room.</summary>
[GenerateSerializer, Alias("RoomGrains.Grains.RoomState")]
internal sealed record RoomState
{
    // One for all: a room with nothing durable equals another one.
    private static readonly ImmutableSortedSet<string> s_none = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Its own settings; null while nobody has created it.</summary>
    [Id(0)] public RoomSettings? Settings { get; init; }
    /// <summary>What its moderators have laid down; null: nothing.</summary>
    [Id(1)] public RoomModeration? Moderation { get; init; }
    /// <summary>Names of the persistent shared objects that somebody has made in it.</summary>
    [Id(5)] public ImmutableSortedSet<string> Objects { get; init; } = s_none;
}
