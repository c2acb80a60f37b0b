namespace RoomGrains.Gateway;

/// <summary>Who this node is in its cluster.</summary>
/// <param name="Name">Its name, unique in the cluster.</param>
public sealed record NodeIdentity(string Name);
