namespace RoomGrains.Gateway;

/// <summary>Who this node is in its cluster, and where others find it.</summary>
/// <param name="Name">Its name, unique in the cluster.</param>
/// <param name="SiloAddress">Its silo, as <see cref="NodePresence.SiloAddress"/> has it; empty where a gateway has no silo of its own.</param>
/// <param name="RelayAddress">Where other nodes pull streams from it: host and port; empty: where it listens.</param>
public sealed record NodeIdentity(string Name, string SiloAddress = "", string RelayAddress = "");
