using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RoomGrains.Gateway.Presence;
using RoomGrains.Hosting;
using RoomGrains.Media;

namespace RoomGrains.Gateway.Relay;

/// <summary>
/// The streams that this node pulls from others: each stream that is played here and published elsewhere, once, however many play it. Its
/// players are players of the local hub, and nobody but this service knows where their frames come from.
/// </summary>
/// <remarks>
/// Rooms say where streams are published (<see cref="RoomPresence.FindRoute"/>), the hub whether somebody plays them. <see cref="Look"/> is called
/// when either changes, and brings pulls in line with both. A pull that nobody watches any more lingers, then ends.
/// </remarks>
internal sealed partial class RelayService
{
    private readonly NodeIdentity _node;
    private readonly RoomPresence _presence;
    private readonly StreamHub _hub;
    private readonly RelayLinks _links;
    private readonly TicketSigner _tickets;
    private readonly GatewayOptions _options;
    private readonly StreamOptions _streams;
    private readonly GatewayMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<RelayService> _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<StreamKey, RelayPull> _pulls = [];
    private bool _stopped;

    public RelayService(
        NodeIdentity node, RoomPresence presence, StreamHub hub, RelayLinks links, TicketSigner tickets, IOptions<GatewayOptions> options, IOptions<StreamOptions> streams,
        GatewayMetrics metrics, TimeProvider time, ILogger<RelayService> logger)
    {
        (_node, _presence, _hub, _links, _tickets, _options, _streams) = (node, presence, hub, links, tickets, options.Value, streams.Value);
        (_metrics, _time, _logger) = (metrics, time, logger);
        presence.RoutesChanged += OnRoutes;
    }

    /// <summary>Streams that are being pulled.</summary>
    public int Count => Pulls().Count(p => p.IsConnected);

    /// <summary>Whether this node pulls a stream, or tries to.</summary>
    public bool Pulls(StreamKey stream)
    {
        lock (_gate)
            return _pulls.ContainsKey(stream);
    }

    /// <summary>Somebody plays a stream, or its route has changed.</summary>
    public void Look(StreamKey stream)
    {
        lock (_gate)
        {
            var route = _presence.FindRoute(stream);
            if (_pulls.TryGetValue(stream, out var pull))
            {
                (pull.IsRouted, pull.UnwatchedSince) = (pull.Route == route, null);
                if (pull.IsRouted || (route is null && !pull.IsOver))
                    return;
                _pulls.Remove(stream);
                pull.Stop();
            }
            if (_stopped || route is not { Address.Length: > 0 } || route.Origin == _node.Name || _hub.CountPlayers(stream.ToString()) == 0)
                return;
            _pulls[stream] = pull = new RelayPull(stream, route, _hub, _links, Ticket, _streams, _metrics, _time, _logger);
            _ = Task.Run(() => RunAsync(pull));
        }
    }

    /// <summary>The heartbeat: ends what has lingered, asks origins that are silent.</summary>
    public void Tick()
    {
        _links.Tick();
        foreach (var pull in Pulls())
        {
            pull.Players = _hub.CountPlayers(pull.Stream.ToString());
            if (pull.Players > 0)
                pull.UnwatchedSince = null;
            else if (_time.GetElapsedTime(pull.UnwatchedSince ??= _time.GetTimestamp()) >= _options.RelayLinger)
                Release(pull);
        }
    }

    /// <summary>Ends all.</summary>
    public async Task StopAsync()
    {
        RelayPull[] pulls;
        lock (_gate)
        {
            _stopped = true;
            pulls = [.. _pulls.Values];
            _pulls.Clear();
        }
        foreach (var pull in pulls)
            pull.Stop();
        await _links.StopAsync().ConfigureAwait(false);
        await Task.WhenAll(pulls.Select(p => p.Completion)).ConfigureAwait(false);
    }

    private void OnRoutes(RoomRoutes routes)
    {
        foreach (var stream in routes.Streams.Select(r => new StreamKey(routes.Room, r.Stream)).Union(Pulls().Select(p => p.Stream).Where(s => s.Room == routes.Room)).ToArray())
            Look(stream);
    }

    /// <summary>A player who comes now either keeps the pull alive or, a moment later, begins another: he plays before he looks for it.</summary>
    private void Release(RelayPull pull)
    {
        lock (_gate)
        {
            if (_pulls.GetValueOrDefault(pull.Stream) != pull || !pull.TryEndUnwatched())
                return;
            _pulls.Remove(pull.Stream);
        }
        pull.Stop();
        Log.Released(_logger, pull.Stream);
    }

    private async Task RunAsync(RelayPull pull)
    {
        await pull.RunAsync().ConfigureAwait(false);
        // One whose publication is over stays until the room says so too: it must not be asked for again meanwhile.
        lock (_gate)
            if (!pull.IsOver && _pulls.GetValueOrDefault(pull.Stream) == pull)
                _pulls.Remove(pull.Stream);
        Look(pull.Stream);
    }

    private string Ticket(RelayPull pull) => _tickets.Sign(new Ticket
    {
        Purpose = TicketPurpose.Relay,
        Room = pull.Stream.Room,
        Stream = pull.Stream.Stream,
        Epoch = pull.Route.Epoch,
        Node = _node.Name,
        Expires = _time.GetUtcNow() + RelayLinks.TicketLife,
    });

    private RelayPull[] Pulls()
    {
        lock (_gate)
            return [.. _pulls.Values];
    }

    private static partial class Log
    {
        [LoggerMessage(3300, LogLevel.Information, "relay {Stream} released: nobody on this node plays it")]
        public static partial void Released(ILogger logger, StreamKey stream);
    }
}
