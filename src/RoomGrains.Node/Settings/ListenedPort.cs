using System.Net;
using System.Net.Sockets;
using RoomGrains.Hosting;

namespace RoomGrains.Node.Settings;

/// <summary>A port that a node listens on, and the setting to change when it is taken.</summary>
internal sealed record ListenedPort(string What, string Key, IPAddress Address, int Port)
{
    public string Option => CommandLine.Table.Single(row => row.Key == Key).Name;

    public static IReadOnlyList<ListenedPort> All(NodeSettings settings) => All(settings, SiloAddress(settings.Cluster));

    private static IReadOnlyList<ListenedPort> All(NodeSettings settings, IPAddress silo) =>
    [
        new("RTMP", "Gateway:RtmpPort", Parse(settings.Gateway.ListenAddress), settings.Gateway.RtmpPort),
        new("HTTP", "Node:HttpPort", Parse(settings.Node.HttpAddress), settings.Node.HttpPort),
        new("administration", "Node:AdminPort", Parse(settings.Node.AdminAddress), settings.Node.AdminPort),
        new("silos", "Cluster:SiloPort", silo, settings.Cluster.SiloPort),
        new("grain clients", "Cluster:ClientGatewayPort", silo, settings.Cluster.ClientGatewayPort),
    ];

    /// <summary>
    /// Which ports cannot be had, all at once. The listeners themselves would each fail on its own, late, and say nothing of options;
    /// they still do when another program takes a port in between.
    /// </summary>
    public static IEnumerable<string> Taken(NodeSettings settings)
    {
        foreach (var port in All(settings))
        {
            using var socket = new Socket(port.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            string? problem = null;
            try
            {
                socket.Bind(new IPEndPoint(port.Address, port.Port));
                socket.Listen();
            }
            catch (SocketException e)
            {
                problem = e.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse => "is in use by another program",
                    SocketError.AccessDenied => "may not be used by this user (ports below 1024 need a right)",
                    SocketError.AddressNotAvailable => $"cannot be listened on: {port.Address} is not an address of this machine",
                    _ => $"cannot be listened on: {e.Message}",
                };
            }
            if (problem is not null)
                yield return $"Port {port.Port} for {port.What} {problem}. Choose another with {port.Option} or {port.Key}.";
        }
    }

    // As RoomGrainsSilo does it: alone or advertised on loopback, a silo listens there only.
    private static IPAddress SiloAddress(ClusterOptions cluster) =>
        cluster.IsLocal ? IPAddress.Loopback
        : IPAddress.TryParse(cluster.AdvertisedAddress, out var advertised) && IPAddress.IsLoopback(advertised) ? advertised
        : IPAddress.Any;

    // An address that is no address is reported with the setting; here it must only not throw.
    private static IPAddress Parse(string address) => IPAddress.TryParse(address, out var parsed) ? parsed : IPAddress.Any;
}
