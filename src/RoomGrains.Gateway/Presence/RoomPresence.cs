using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RoomGrains.Media;

namespace RoomGrains.Gateway.Presence;

/// <summary>
/// Who of this node's clients sits in which room, and what they publish; told to the rooms when it changes and every few seconds. One
/// call for each room and node, however many members: grain traffic grows with servers, not with viewers.
/// </summary>
internal sealed partial class RoomPresence(
    NodeIdentity node, IGrainFactory grains, StreamHub hub, IOptions<GatewayOptions> options, TimeProvider time, ILogger<RoomPresence> logger)
{
    private readonly ConcurrentDictionary<RoomKey, LocalRoom> _rooms = new();
    private readonly Lock _gate = new();
    private long _sequence = time.GetUtcNow().UtcTicks;

    /// <summary>How rooms reach this node; set when the silo has started.</summary>
    public INodeObserver? Observer { get; set; }

    /// <summary>Rooms with members on this node, and those that have not been told yet that the last has left.</summary>
    public int RoomCount => _rooms.Count;

    /// <summary>A connection has got its seat.</summary>
    public void Join(RoomKey room, Member member) => Change(room, local => local.Members[member.Id] = member);

    /// <summary>A member plays other streams than before.</summary>
    public void SetPlays(RoomKey room, ConnectionId id, ImmutableArray<string> plays) => Change(room, local =>
    {
        if (local.Members.TryGetValue(id, out var member))
            local.Members[id] = member with { Plays = plays };
    });

    /// <summary>A member publishes.</summary>
    public void StreamStarted(RoomKey room, StreamInfo stream) => Change(room, local => local.Streams[stream.Name] = stream);

    /// <summary>A publication has ended. Nothing happens when a newer one has the name.</summary>
    public void StreamEnded(RoomKey room, string stream, long epoch) => Change(room, local =>
    {
        if (local.Streams.TryGetValue(stream, out var current) && current.Epoch == epoch)
            local.Streams.Remove(stream);
    });

    /// <summary>A member has left.</summary>
    public void Leave(RoomKey room, ConnectionId id) => Change(room, local => local.Members.Remove(id));

    /// <summary>The publisher of a stream, when it is connected to this node.</summary>
    public ConnectionId? PublisherOf(StreamKey stream)
    {
        lock (_gate)
            return _rooms.TryGetValue(stream.Room, out var local) && local.Streams.TryGetValue(stream.Stream, out var info) ? info.Publisher : null;
    }

    /// <summary>Reports the rooms that changed, and those whose last report is old.</summary>
    public void Tick()
    {
        var now = time.GetTimestamp();
        foreach (var (room, local) in _rooms)
            if (local.Changed || time.GetElapsedTime(local.ReportedAt, now) >= options.Value.PresenceInterval)
                _ = ReportAsync(room);
    }

    /// <summary>Reports one room, also when nobody is in it: a room that asks waits for the answer.</summary>
    public async Task ReportAsync(RoomKey room)
    {
        var presence = Describe(room);
        try
        {
            await grains.GetRoom(room).Report(presence).ConfigureAwait(false);
        }
        catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or IOException or ObjectDisposedException)
        {
            // The next report says it again.
            Log.ReportFailed(logger, room, e.Message);
            Change(room, _ => { }, onlyExisting: true);
        }
    }

    private NodePresence Describe(RoomKey room)
    {
        var prefix = $"{room}/";
        var statistics = hub.Snapshot(prefix).ToDictionary(s => s.Path[prefix.Length..]);
        lock (_gate)
        {
            var presence = new NodePresence { Node = node.Name, Sequence = ++_sequence, Observer = Observer, SiloAddress = node.SiloAddress, RelayAddress = node.RelayAddress };
            if (!_rooms.TryGetValue(room, out var local))
                return presence;
            local.Changed = false;
            local.ReportedAt = time.GetTimestamp();
            if (local.Members.Count == 0 && local.Streams.Count == 0)
                _rooms.TryRemove(room, out _);
            return presence with
            {
                Members = [.. local.Members.Values],
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

    private void Change(RoomKey room, Action<LocalRoom> change, bool onlyExisting = false)
    {
        lock (_gate)
        {
            if (onlyExisting && !_rooms.ContainsKey(room))
                return;
            var local = _rooms.GetOrAdd(room, _ => new LocalRoom());
            change(local);
            local.Changed = true;
        }
    }

    private sealed class LocalRoom
    {
        public Dictionary<ConnectionId, Member> Members { get; } = [];
        public Dictionary<string, StreamInfo> Streams { get; } = [];
        public bool Changed { get; set; }
        public long ReportedAt { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(3200, LogLevel.Debug, "Room {Room} could not be told who of its members is here; the next report says it again: {Error}")]
        public static partial void ReportFailed(ILogger logger, RoomKey room, string error);
    }
}
