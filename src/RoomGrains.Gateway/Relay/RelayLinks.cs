using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RoomGrains.Hosting;

namespace RoomGrains.Gateway.Relay;

/// <summary>The ways to other nodes, one for each address, however many streams are pulled from there.</summary>
internal sealed class RelayLinks(
    NodeIdentity node, TicketSigner tickets, IOptions<GatewayOptions> options, GatewayMetrics metrics, TimeProvider time, ILogger<RelayLink> logger)
{
    /// <summary>Of a ticket: long enough for a handshake on a bad day, and for clocks that differ by seconds.</summary>
    public static readonly TimeSpan TicketLife = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, RelayLink> _links = [];

    /// <summary>The way to a node, which stays open until <see cref="Release"/>.</summary>
    public RelayLink Hold(string address)
    {
        lock (_gate)
        {
            if (!_links.TryGetValue(address, out var link))
                _links[address] = link = new RelayLink(address, Ticket, options.Value, metrics, time, logger);
            link.Users++;
            return link;
        }
    }

    /// <summary>One stream less is pulled by it.</summary>
    public void Release(RelayLink link)
    {
        lock (_gate)
        {
            if (--link.Users == 0)
                link.UnusedSince = time.GetTimestamp();
        }
    }

    /// <summary>The heartbeat: asks nodes that are silent, and closes what has lingered. Room by room a node's streams come and go; its connection need not.</summary>
    public void Tick()
    {
        RelayLink[] links;
        List<RelayLink> unused = [];
        lock (_gate)
        {
            links = [.. _links.Values];
            foreach (var link in links)
                if (link.Users == 0 && time.GetElapsedTime(link.UnusedSince) >= options.Value.RelayLinger && _links.Remove(link.Address))
                    unused.Add(link);
        }
        foreach (var link in links)
            link.Tick();
        foreach (var link in unused)
            _ = link.CloseAsync();
    }

    /// <summary>Ends all.</summary>
    public Task StopAsync()
    {
        RelayLink[] links;
        lock (_gate)
            links = [.. _links.Values];
        return Task.WhenAll(links.Select(l => l.CloseAsync()));
    }

    private string Ticket() => tickets.Sign(new Ticket { Purpose = TicketPurpose.Link, Node = node.Name, Expires = time.GetUtcNow() + TicketLife });
}
