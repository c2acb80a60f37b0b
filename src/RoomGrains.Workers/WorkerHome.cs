using System.Net;

namespace RoomGrains.Workers;

/// <summary>The node that a worker belongs to.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Gateway">Where its own gateway listens for RTMP clients. Asked for each time.</param>
public sealed record WorkerHome(string Node, Func<IPEndPoint> Gateway);
