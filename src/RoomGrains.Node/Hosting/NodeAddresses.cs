using System.Globalization;
using System.Net;
using RoomGrains.Gateway;
using RoomGrains.Node.Settings;

namespace RoomGrains.Node.Hosting;

/// <summary>Under which addresses a node is found: by its fellows, and by clients.</summary>
internal static class NodeAddresses
{
    /// <summary>
    /// Where other nodes pull streams from: the RTMP listener, at the silo's address where it listens on every one, which is the one that
    /// other machines of the cluster know.
    /// </summary>
    public static string ForNodes(GatewayOptions gateway, IPAddress silo)
    {
        var listens = IPAddress.Parse(gateway.ListenAddress);
        var everywhere = listens.Equals(IPAddress.Any) || listens.Equals(IPAddress.IPv6Any);
        return new IPEndPoint(everywhere ? silo : listens, gateway.RtmpPort).ToString();
    }

    /// <summary>Where clients are sent to: as the operator says, else where the nodes go.</summary>
    public static string ForClients(GatewayOptions gateway, string forNodes)
    {
        var address = gateway.PublicAddress;
        if (address.Length == 0)
            return forNodes;
        return HasPort(address) ? address : string.Create(CultureInfo.InvariantCulture, $"{address}:{gateway.RtmpPort}");
    }

    /// <summary>Where this node's own media jobs get at streams: its RTMP listener.</summary>
    public static IPEndPoint ForOwn(GatewayOptions gateway)
    {
        var listens = IPAddress.Parse(gateway.ListenAddress);
        return new IPEndPoint(listens.Equals(IPAddress.Any) ? IPAddress.Loopback : listens.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : listens, gateway.RtmpPort);
    }

    /// <summary>Where the files of media jobs are fetched: the HTTP listener, at the host that clients know.</summary>
    public static string ForHttp(NodeOptions node, string forClients)
    {
        var listens = IPAddress.Parse(node.HttpAddress);
        var everywhere = listens.Equals(IPAddress.Any) || listens.Equals(IPAddress.IPv6Any);
        var host = everywhere ? forClients[..forClients.LastIndexOf(':')] : listens.ToString();
        return string.Create(CultureInfo.InvariantCulture, $"{host}:{node.HttpPort}");
    }

    /// <summary>Whether it is a host, an IPv4 address or an IPv6 address in brackets, with or without a port.</summary>
    public static bool IsHostAndPort(string address)
    {
        var end = HasPort(address) ? address.LastIndexOf(':') : address.Length;
        var host = address[..end];
        return (host.StartsWith('[') ? Uri.CheckHostName(host) is UriHostNameType.IPv6 : Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4)
            && (end == address.Length || (ushort.TryParse(address.AsSpan(end + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0));
    }

    // A colon after the bracket of an IPv6 address, or the only one there is.
    private static bool HasPort(string address) => address.LastIndexOf(':') is >= 0 and var colon && colon > address.LastIndexOf(']') && (address.StartsWith('[') || address.IndexOf(':') == colon);
}
