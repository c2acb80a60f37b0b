using System.Collections.Immutable;

namespace RoomGrains.Grains.Directory;

/// <summary>
/// What holds in all rooms of an application. Rooms are told when it changes, in calls that may be lost or come in another order: so it is all of it each time,
/// with a version, and rooms ask again for what is newer than theirs.
/// </summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.Grains.ApplicationRules")]
internal sealed record ApplicationRules
{
    /// <summary>Rises with every change.</summary>
    [Id(0)] public long Version { get; init; }

    /// <summary>What rooms without settings of their own have.</summary>
    [Id(1)] public ApplicationSettings Settings { get; init; } = new();

    /// <summary>Who gets into no room.</summary>
    [Id(2)] public ImmutableArray<Ban> Bans { get; init; } = [];

    /// <summary>Stream keys that were good a while ago, by their ids: who has proved itself with one and comes only now does not get in.</summary>
    [Id(3)] public ImmutableArray<RevokedKey> RevokedKeys { get; init; } = [];
}

/// <summary>A stream key that was revoked.</summary>
/// <param name="Id">Its id.</param>
/// <param name="At">When.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.Grains.RevokedKey")]
internal sealed record RevokedKey([property: Id(0)] string Id, [property: Id(1)] DateTimeOffset At);
