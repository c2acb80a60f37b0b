using System.Collections.Immutable;

namespace RoomGrains.Grains.Directory;

/// <summary>What holds in all rooms of an application, as its directory tells them.</summary>
/// <param name="Settings">What rooms without settings of their own have.</param>
/// <param name="Bans">Who gets into none of them.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.Grains.ApplicationRules")]
internal sealed record ApplicationRules([property: Id(0)] ApplicationSettings Settings, [property: Id(1)] ImmutableArray<Ban> Bans);
