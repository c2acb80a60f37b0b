using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Load.Wire;

/// <summary>
/// A server, and a room on it: where to connect and what to say. With <c>flat</c> the room goes into the names of streams instead of the
/// app, for servers whose applications are fixed.
/// </summary>
internal sealed class LoadTarget
{
    private const int DefaultPort = 1935;
    private const string DefaultRoom = "load";

    private readonly string _authority;
    private readonly string _application;
    private readonly bool _flat;

    private LoadTarget(string authority, byte[] address, string application, string room, bool flat)
    {
        (_authority, Address, _application, Room, _flat) = (authority, address, application, room, flat);
        var app = flat ? application : $"{application}/{room}";
        ConnectPayload = ConnectCommand.Create(app, $"rtmp://{authority}/{app}", "LNX 9,0,124,2").EncodePayload();
    }

    /// <summary>The server's address as the kernel takes it.</summary>
    public byte[] Address { get; }

    /// <summary>The room's name.</summary>
    public string Room { get; }

    /// <summary>Application and room.</summary>
    public string Name => $"{_application}/{Room}";

    /// <summary>Host and port.</summary>
    public string Authority => _authority;

    /// <summary>The payload of <c>connect</c>: the same for everybody, so it is made once.</summary>
    public SharedBuffer ConnectPayload { get; }

    /// <summary>What a stream of the room is called in <c>publish</c> and <c>play</c>.</summary>
    public string StreamName(string stream) => _flat ? $"{Room}-{stream}" : stream;

    /// <summary>Another room of the same server.</summary>
    public LoadTarget WithRoom(string room) => new(_authority, Address, _application, room, _flat);

    /// <summary>Reads <c>rtmp://host[:port]/application[/room]</c> and looks the host up.</summary>
    public static LoadTarget Parse(string url, bool flat)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme != "rtmp" || uri.Host.Length == 0)
            throw new LoadException($"'{url}' is not rtmp://HOST[:PORT]/APPLICATION[/ROOM], for example rtmp://127.0.0.1/live/load.", LoadFailure.Usage);
        var path = uri.AbsolutePath.Trim('/').Split('/', 2);
        if (path[0].Length == 0)
            throw new LoadException($"'{url}' names no application; write rtmp://HOST[:PORT]/APPLICATION[/ROOM], for example {url.TrimEnd('/')}/live.", LoadFailure.Usage);
        var port = uri.Port < 0 ? DefaultPort : uri.Port;
        return new LoadTarget(
            string.Create(CultureInfo.InvariantCulture, $"{uri.Host}:{port}"), Resolve(uri.DnsSafeHost, port), path[0], path.Length > 1 ? path[1] : DefaultRoom, flat);
    }

    private static byte[] Resolve(string host, int port)
    {
        try
        {
            // 127.0.0.1 before ::1: servers on this machine listen there.
            var address = Dns.GetHostAddresses(host).OrderBy(address => address.AddressFamily == AddressFamily.InterNetworkV6).First();
            var socketAddress = new IPEndPoint(address, port).Serialize();
            return socketAddress.Buffer[..socketAddress.Size].ToArray();
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            throw new LoadException($"there is no host '{host}'.", LoadFailure.Unreachable, e);
        }
    }
}
