using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace RoomGrains.Testing;

/// <summary>
/// Ports that nobody uses. Where a program can take port 0 itself, let it: that leaves no moment in between. These are below the ports that
/// the kernel gives to outgoing connections, so that one of those does not take them while a killed node is down.
/// </summary>
public static class FreePort
{
    private const int First = 10_000;
    private const int AfterLast = 32_000;

    private static readonly HashSet<int> Given = [];
    private static readonly Lock Gate = new();

    /// <summary>A TCP port that was free a moment ago.</summary>
    public static int Next()
    {
        lock (Gate)
        {
            while (true)
            {
                // Drawn, not counted: other test programs draw at the same time.
                var port = RandomNumberGenerator.GetInt32(First, AfterLast);
                if (!Given.Contains(port) && IsFree(port))
                {
                    Given.Add(port);
                    return port;
                }
            }
        }
    }

    /// <summary>Different ports that were free a moment ago.</summary>
    public static int[] Several(int count) => [.. Enumerable.Range(0, count).Select(_ => Next())];

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Any, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
