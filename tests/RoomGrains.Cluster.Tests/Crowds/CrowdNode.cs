using System.Net;

namespace RoomGrains.Cluster.Tests.Crowds;

/// <summary>A node as clients know it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Where it takes RTMP clients.</param>
internal sealed record CrowdNode(string Name, IPEndPoint Address);
