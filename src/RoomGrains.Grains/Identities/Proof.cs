namespace RoomGrains.Grains.Identities;

/// <summary>What a token or key proves: who, and where.</summary>
/// <param name="Identity">Who it is.</param>
/// <param name="Room">The only room that it is good for; empty: every one of the application.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.Grains.Proof")]
internal sealed record Proof([property: Id(0)] Identity Identity, [property: Id(1)] string Room)
{
    /// <summary>Why it is not good for this room; null where it is.</summary>
    public Refusal? RefuseRoom(string room) => Room.Length == 0 || Room == room
        ? null
        : new Refusal(RefusalCode.InvalidCredentials, $"The {Identity.Source} is for another room than '{room}'.");

    /// <summary>Why it is not good for publishing or playing under this name; null where it is.</summary>
    public Refusal? RefuseStream(string stream) => Identity.Stream.Length == 0 || Identity.Stream == stream
        ? null
        : new Refusal(RefusalCode.InvalidCredentials, $"The {Identity.Source} is for another stream than '{stream}'.");
}
