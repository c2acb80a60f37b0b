using System.Globalization;
using System.Net;

namespace RoomGrains.Workers.Destinations;

/// <summary>One entry of <see cref="WorkerOptions.Destinations"/>.</summary>
internal sealed class DestinationRule
{
    /// <summary>The rule for entries in words; it follows "must be".</summary>
    public const string Form = "*, or hosts, *.domains, addresses or networks such as live.example.com, *.example.com, 192.168.1.5 or 10.1.0.0/16, each with or without a port: live.example.com:1935";

    private readonly string? _name;
    private readonly bool _isDomain;
    private readonly IPNetwork? _network;
    private readonly int? _port;

    private DestinationRule(string? name, bool isDomain, IPNetwork? network, int? port) => (_name, _isDomain, _network, _port) = (name, isDomain, network, port);

    /// <summary>Whether this is <c>*</c>: any public address.</summary>
    public bool IsAnyPublic => _name is null && _network is null;

    /// <summary>Reads an entry.</summary>
    public static bool TryParse(string text, out DestinationRule rule)
    {
        rule = new(null, false, null, null);
        text = text.Trim();
        int? port = null;
        // Of an IPv6 address only one in brackets can have a port.
        var colon = text.LastIndexOf(':');
        if (colon >= 0 && (text.IndexOf(':', StringComparison.Ordinal) == colon || text[colon - 1] == ']'))
        {
            if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is 0 or > IPEndPoint.MaxPort)
                return false;
            (port, text) = (number, text[..colon]);
        }
        if (text is "*")
        {
            rule = new(null, false, null, port);
            return true;
        }
        var address = text.StartsWith('[') && text.EndsWith(']') ? text[1..^1] : text;
        if (IPAddress.TryParse(address, out var one) && one.ToString().Equals(address, StringComparison.OrdinalIgnoreCase))
        {
            rule = new(null, false, new IPNetwork(one, one.GetAddressBytes().Length * 8), port);
            return true;
        }
        if (address.Contains('/', StringComparison.Ordinal))
        {
            if (!IPNetwork.TryParse(address, out var network))
                return false;
            rule = new(null, false, network, port);
            return true;
        }
        var name = text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text;
        if (Uri.CheckHostName(name) != UriHostNameType.Dns)
            return false;
        rule = new(name.TrimEnd('.'), name.Length != text.Length, null, port);
        return true;
    }

    /// <summary>Whether the entry names this host, so that whatever its address is, it may be reached.</summary>
    public bool NamesHost(string host, int port)
    {
        host = host.TrimEnd('.');
        return FitsPort(port) && _name is not null
            && (_isDomain ? host.EndsWith($".{_name}", StringComparison.OrdinalIgnoreCase) : host.Equals(_name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Whether the entry names this address.</summary>
    public bool NamesAddress(IPAddress address, int port) =>
        FitsPort(port) && _network is { } network && network.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    /// <summary>Whether the entry allows public addresses on this port.</summary>
    public bool AllowsPublic(int port) => IsAnyPublic && FitsPort(port);

    private bool FitsPort(int port) => _port is null || _port == port;
}
