using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RoomGrains.Media;

namespace RoomGrains.Gateway.Presence;

/// <summary>
/// Who of this node's clients sits in which room, and what they publish; told to the rooms when it changes and every few seconds. One
/// call for each room and node, however many members: grain traffic grows with servers, not with viewers. A room answers with its routes:
/// where its streams are published. They are kept as long as somebody of this node is in the room.
/// </summary>
internal sealed partial class RoomPresence(
    NodeIdentity node, IGrainFactory grains, StreamHub hub, IOptions<GatewayOptions> options, TimeProvider time, ILogger<RoomPresence> logger)
{
    /// <summary>
    /// Between two reports of a room that do not wait for the heartbeat: who comes alone is reported at once, and a storm of a thousand in a
    /// few calls. A player's first picture from another node waits for the answer.
    /// </summary>
    private static readonly TimeSpan ReportPause = TimeSpan.FromMilliseconds(150);

    private readonly ConcurrentDictionary<RoomKey, LocalRoom> _rooms = new();
    private readonly Lock _gate = new();
    private long _sequence = time.GetUtcNow().UtcTicks;

    /// <summary>How rooms reach this node; set when the silo has started.</summary>
    public INodeObserver? Observer { get; set; }

    /// <summary>Where other nodes pull streams from this one: host and port; set when it listens.</summary>
    public string RelayAddress { get; set; } = "";

    /// <summary>A room's streams are published elsewhere than before. Called from any thread, under no lock.</summary>
    public event Action<RoomRoutes>? RoutesChanged;

    /// <summary>Rooms with members on this node, and those that have not been told yet that the last has left.</summary>
    public int RoomCount => _rooms.Count;

    /// <summary>A connection has got its seat.</summary>
    /// <returns>What the room says of the member, while it is here.</returns>
    public LocalMember Join(RoomKey room, Member member)
    {
        var here = new LocalMember(member);
        Change(room, local =>
        {
            local.Members[member.Id] = here;
            here.Learn(local.Routes.Mutes);
        }, soon: true);
        return here;
    }

    /// <summary>A member plays other streams than before.</summary>
    public void SetPlays(RoomKey room, ConnectionId id, ImmutableArray<string> plays) => Change(room, local =>
    {
        if (local.Members.TryGetValue(id, out var here))
            here.Member = here.Member with { Plays = plays };
    });

    /// <summary>A member publishes.</summary>
    public void StreamStarted(RoomKey room, StreamInfo stream) => Change(room, local => local.Streams[stream.Name] = stream, soon: true);

    /// <summary>A publication has ended. Nothing happens when a newer one has the name.</summary>
    public void StreamEnded(RoomKey room, string stream, long epoch) => Change(room, local =>
    {
        if (local.Streams.TryGetValue(stream, out var current) && current.Epoch == epoch)
            local.Streams.Remove(stream);
    }, soon: true);

    /// <summary>A member has left.</summary>
    public void Leave(RoomKey room, ConnectionId id) => Change(room, local => local.Members.Remove(id));

    /// <summary>A member on this node; null when it is not here.</summary>
    public LocalMember? FindMember(RoomKey room, ConnectionId id)
    {
        lock (_gate)
            return _rooms.TryGetValue(room, out var local) ? local.Members.GetValueOrDefault(id) : null;
    }

    /// <summary>Who of this node's clients sits in a room, media jobs not counted.</summary>
    public ImmutableArray<ConnectionId> Clients(RoomKey room)
    {
        lock (_gate)
            return _rooms.TryGetValue(room, out var local) ? [.. local.Members.Values.Where(here => here.Member.Service.Length == 0).Select(here => here.Member.Id)] : [];
    }

    /// <summary>What is published under this name by a client of this node; null when nothing is.</summary>
    public StreamInfo? FindStream(StreamKey stream)
    {
        lock (_gate)
            return _rooms.TryGetValue(stream.Room, out var local) ? local.Streams.GetValueOrDefault(stream.Stream) : null;
    }

    /// <summary>Where a stream is published, as far as this node has heard; null when it is not published, or nobody of this node is in the room.</summary>
    public StreamRoute? FindRoute(StreamKey stream)
    {
        lock (_gate)
            return _rooms.TryGetValue(stream.Room, out var local) ? local.Routes.Streams.FirstOrDefault(r => r.Stream == stream.Stream) : null;
    }

    /// <summary>A room says where its streams are published, and who is muted. What is older than what we know is ignored.</summary>
    public void Learn(RoomRoutes routes)
    {
        lock (_gate)
        {
            if (!_rooms.TryGetValue(routes.Room, out var local) || routes.Version <= local.Routes.Version)
                return;
            local.Routes = routes;
            foreach (var here in local.Members.Values)
                here.Learn(routes.Mutes);
        }
        RoutesChanged?.Invoke(routes);
    }

    /// <summary>Reports the rooms that changed, and those whose last report is old.</summary>
    public void Tick()
    {
        var now = time.GetTimestamp();
        foreach (var (room, local) in _rooms)
            if (local.Changed || local.ReportedAt is not { } reported || time.GetElapsedTime(reported, now) >= options.Value.PresenceInterval)
                _ = ReportAsync(room);
    }

    /// <summary>Reports one room, also when nobody is in it: a room that asks waits for the answer.</summary>
    /// <returns>Whether the room has heard it.</returns>
    public async Task<bool> ReportAsync(RoomKey room)
    {
        var presence = Describe(room);
        try
        {
            Learn(await grains.GetRoom(room).Report(presence).ConfigureAwait(false));
            return true;
        }
        catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or IOException or ObjectDisposedException)
        {
            // The next report says it again.
            Log.ReportFailed(logger, room, e.Message);
            lock (_gate)
                if (_rooms.TryGetValue(room, out var local))
                    local.Changed = true;
            return false;
        }
    }

    private NodePresence Describe(RoomKey room)
    {
        var path = room.ToString();
        var statistics = hub.SnapshotRoom(path).ToDictionary(s => s.Path[(path.Length + 1)..], StringComparer.Ordinal);
        lock (_gate)
        {
            var presence = new NodePresence
            {
                Node = node.Name,
                Sequence = ++_sequence,
                Observer = Observer,
                SiloAddress = node.SiloAddress,
                RelayAddress = RelayAddress,
            };
            if (!_rooms.TryGetValue(room, out var local))
                return presence;
            local.Changed = false;
            local.ReportedAt = time.GetTimestamp();
            if (local.Members.Count == 0 && local.Streams.Count == 0)
                _rooms.TryRemove(room, out _);
            return presence with
            {
                RoutesVersion = local.Routes.Version,
                Members = [.. local.Members.Values.Select(here => here.Member)],
                Streams = [.. local.Streams.Values.Select(stream => statistics.TryGetValue(stream.Name, out var s) ? Merge(stream, s) : stream)],
                Players = statistics.Where(s => s.Value.Players > 0).ToImmutableDictionary(s => s.Key, s => s.Value.Players),
            };
        }
    }

    private static StreamInfo Merge(StreamInfo stream, StreamStatistics statistics) => stream with
    {
        VideoCodec = statistics.VideoCodec,
        AudioCodec = statistics.AudioCodec,
        Width = statistics.Width,
        Height = statistics.Height,
        FrameRate = statistics.FrameRate,
        BitsPerSecond = statistics.BitsPerSecond,
        Players = statistics.Players,
        Silence = statistics.Silence,
    };

    private void Change(RoomKey room, Action<LocalRoom> change, bool soon = false)
    {
        lock (_gate)
        {
            var local = _rooms.GetOrAdd(room, static key => new LocalRoom(key));
            change(local);
            local.Changed = true;
            if (!soon || local.ReportsSoon)
                return;
            local.ReportsSoon = true;
        }
        _ = ReportSoonAsync(room);
    }

    /// <summary>Reports a room until nothing has changed since; one at a time for each room. Where that fails it is left to the heartbeat.</summary>
    private async Task ReportSoonAsync(RoomKey room)
    {
        while (NextReport(room) is { } wait)
        {
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time).ConfigureAwait(false);
            if (await ReportAsync(room).ConfigureAwait(false))
                continue;
            lock (_gate)
                if (_rooms.TryGetValue(room, out var local))
                    local.ReportsSoon = false;
            return;
        }
    }

    /// <summary>How long to wait for the next report of a changed room; null when there is nothing to report.</summary>
    private TimeSpan? NextReport(RoomKey room)
    {
        lock (_gate)
        {
            if (!_rooms.TryGetValue(room, out var local))
                return null;
            if (local.Changed)
                return local.ReportedAt is { } reported ? ReportPause - time.GetElapsedTime(reported) : TimeSpan.Zero;
            local.ReportsSoon = false;
            return null;
        }
    }

    private sealed class LocalRoom(RoomKey key)
    {
        public RoomRoutes Routes { get; set; } = new(key, 0, []);
        public Dictionary<ConnectionId, LocalMember> Members { get; } = [];
        public Dictionary<string, StreamInfo> Streams { get; } = [];
        public bool Changed { get; set; }
        public long? ReportedAt { get; set; }

        /// <summary>Whether its next report does not wait for the heartbeat.</summary>
        public bool ReportsSoon { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(3200, LogLevel.Debug, "Room {Room} could not be told who of its members is here; the next report says it again: {Error}")]
        public static partial void ReportFailed(ILogger logger, RoomKey room, string error);
    }
}
