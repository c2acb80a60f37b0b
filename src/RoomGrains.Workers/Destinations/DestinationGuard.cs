using System.Net;

namespace RoomGrains.Workers.Destinations;

/// <summary>
/// Decides where streams may be pushed. A request's author names any host, and the node would reach what the author cannot: services of this machine, its
/// network, the metadata address of a cloud. A name is resolved here, and the connection goes to the very address that was looked at: a name that means another
/// address a moment later (DNS rebinding) gains nothing.
/// </summary>
internal sealed class DestinationGuard
{
    private readonly List<DestinationRule> _rules = [];

    /// <summary>Takes the list of the settings; entries that are none were told when the node started, and allow nothing.</summary>
    public DestinationGuard(IEnumerable<string> destinations)
    {
        foreach (var entry in destinations)
            if (DestinationRule.TryParse(entry, out var rule))
                _rules.Add(rule);
    }

    /// <summary>What can be said without asking anybody: that the host is not one that may be reached, whatever it resolves to. Null: nothing.</summary>
    public string? Check(PushAddress to)
    {
        if (_rules.Any(rule => rule.NamesHost(to.Host, to.Port)))
            return null;
        if (IPAddress.TryParse(to.Host, out var address))
            return Check(to, address);
        if (to.Host.TrimEnd('.') is var host && (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)))
            return Check(to, IPAddress.Loopback);
        // A rule for addresses may still allow what it resolves to.
        return _rules.Count == 0 || !_rules.Any(rule => rule.AllowsPublic(to.Port) || !rule.IsAnyPublic) ? NotListed(to) : null;
    }

    /// <summary>Resolves a destination.</summary>
    /// <returns>The addresses that may be connected to; none, and why.</returns>
    /// <exception cref="System.Net.Sockets.SocketException">There is no such host.</exception>
    public async Task<(IPAddress[] Allowed, string Reason)> ResolveAsync(PushAddress to, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(to.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(to.Host, cancellationToken).ConfigureAwait(false);
        if (_rules.Any(rule => rule.NamesHost(to.Host, to.Port)))
            return (addresses, "");
        var problems = addresses.Select(address => (Address: address, Problem: Check(to, address))).ToArray();
        return ([.. problems.Where(p => p.Problem is null).Select(p => p.Address)], problems.FirstOrDefault(p => p.Problem is not null).Problem ?? $"{to.Host} has no address.");
    }

    private string? Check(PushAddress to, IPAddress address)
    {
        if (_rules.Any(rule => rule.NamesAddress(address, to.Port)))
            return null;
        if (SpecialAddresses.Of(address) is { } what)
            return $"{to.Authority} is {address}: {what}. Streams are pushed to public addresses only, and to those that Workers:Destinations names.";
        return _rules.Any(rule => rule.AllowsPublic(to.Port)) ? null : NotListed(to);
    }

    private static string NotListed(PushAddress to) => $"{to.Authority} is not in Workers:Destinations, so that no stream may be pushed there.";
}
