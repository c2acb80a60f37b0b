using System.Net;
using System.Net.Sockets;

namespace RoomGrains.Testing;

/// <summary>Ports that nobody uses. Where a program can take port 0 itself, let it: that leaves no moment in between.</summary>
public static class FreePort
{
    /// <summary>A TCP port that was free a moment ago.</summary>
    public static int Next() => Several(1)[0];

    /// <summary>Different ports that were free a moment ago.</summary>
    public static int[] Several(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners)
            listener.Start();
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners)
            listener.Dispose();
        return ports;
    }
}
