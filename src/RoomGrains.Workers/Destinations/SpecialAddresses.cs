using System.Net;
using System.Net.Sockets;

namespace RoomGrains.Workers.Destinations;

/// <summary>
/// The addresses that are not the public internet (IANA's registries of special-purpose addresses, RFC 6890 and its successors): machines behind this one, this
/// one itself, and services such as the metadata address of clouds that trust whoever can reach them.
/// </summary>
internal static class SpecialAddresses
{
    private static readonly (IPNetwork Network, string What)[] V4 =
    [
        (IPNetwork.Parse("0.0.0.0/8"), "this machine"),
        (IPNetwork.Parse("10.0.0.0/8"), "a private network"),
        (IPNetwork.Parse("100.64.0.0/10"), "a carrier's network"),
        (IPNetwork.Parse("127.0.0.0/8"), "this machine"),
        (IPNetwork.Parse("169.254.0.0/16"), "link-local, where clouds have their metadata"),
        (IPNetwork.Parse("172.16.0.0/12"), "a private network"),
        (IPNetwork.Parse("192.0.0.0/24"), "reserved"),
        (IPNetwork.Parse("192.0.2.0/24"), "for documentation"),
        (IPNetwork.Parse("192.88.99.0/24"), "reserved"),
        (IPNetwork.Parse("192.168.0.0/16"), "a private network"),
        (IPNetwork.Parse("198.18.0.0/15"), "for measurements"),
        (IPNetwork.Parse("198.51.100.0/24"), "for documentation"),
        (IPNetwork.Parse("203.0.113.0/24"), "for documentation"),
        (IPNetwork.Parse("224.0.0.0/4"), "multicast"),
        (IPNetwork.Parse("240.0.0.0/4"), "reserved"),
    ];

    // Everything outside 2000::/3 is special, apart from what carries an IPv4 address in it.
    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");
    private static readonly (IPNetwork Network, string What)[] V6 =
    [
        (IPNetwork.Parse("2001::/23"), "reserved"),
        (IPNetwork.Parse("2001:db8::/32"), "for documentation"),
        (IPNetwork.Parse("3fff::/20"), "for documentation"),
    ];

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>What an address is that is not public; null for one that is.</summary>
    public static string? Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return V4.FirstOrDefault(range => range.Network.Contains(address)).What;
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return "no internet address";
        var bytes = address.GetAddressBytes();
        if (Nat64.Contains(address))
            return Of(new IPAddress(bytes.AsSpan(12, 4)));
        if (SixToFour.Contains(address))
            return Of(new IPAddress(bytes.AsSpan(2, 4)));
        if (address.IsIPv6Multicast)
            return "multicast";
        if (address.IsIPv6LinkLocal)
            return "link-local";
        if (IPAddress.IsLoopback(address) || address.Equals(IPAddress.IPv6Any))
            return "this machine";
        if (!Global.Contains(address))
            return "a private network, or reserved";
        return V6.FirstOrDefault(range => range.Network.Contains(address)).What;
    }
}
