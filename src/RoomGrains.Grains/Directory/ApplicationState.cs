using System.Collections.Immutable;

namespace RoomGrains.Grains.Directory;

/// <summary>What is durable about an application.</summary>
[GenerateSerializer, Alias("RoomGrains.Grains.ApplicationState")]
internal sealed record ApplicationState
{
    /// <summary>Its settings.</summary>
    [Id(0)] public ApplicationSettings Settings { get; init; } = new();

    /// <summary>Copies of the settings of rooms that somebody created, so that they are listed and offered when nobody is in them. The room has the original.</summary>
    [Id(1)] public ImmutableSortedDictionary<string, RoomSettings> Rooms { get; init; } = ImmutableSortedDictionary.Create<string, RoomSettings>(StringComparer.Ordinal);

    /// <summary>Who gets into none of its rooms.</summary>
    [Id(2)] public ImmutableArray<Ban> Bans { get; init; } = [];

    /// <summary>Which stream keys were revoked lately.</summary>
    [Id(3)] public ImmutableArray<RevokedKey> RevokedKeys { get; init; } = [];

    /// <summary>Counts the changes of what rooms are told: settings, bans and keys.</summary>
    [Id(4)] public long RulesVersion { get; init; }
}
