using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using RoomGrains.Media.Metrics;
using RoomGrains.Media.Streams;

namespace RoomGrains.Media;

/// <summary>
/// All streams on this node. A stream comes to be with its first publisher or player and goes with the last; a publisher's frames go to
/// its players without a copy, an allocation or a contended lock for each of them.
/// </summary>
public sealed partial class StreamHub
{
    /// <summary>The meter's name, for exporters.</summary>
    public const string MeterName = "RoomGrains.Media";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LiveStream> _streams = [];

    // A room's report is made every few seconds for each room: it must cost what the room is, and not what the node is.
    private readonly Dictionary<string, List<LiveStream>> _rooms = new(StringComparer.Ordinal);
    private readonly StreamOptions _options;
    private readonly TimeProvider _time;
    private readonly MediaMetrics _metrics;
    private readonly ILogger<StreamHub> _logger;
    private (long Received, long Queued) _gone;
    private LiveStream[]? _list;

    public StreamHub(StreamOptions options, TimeProvider time, IMeterFactory meters, ILogger<StreamHub> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _time, _logger) = (options, time, logger);
        _metrics = new MediaMetrics(meters, this);
    }

    /// <summary>
    /// Begins a publication that the room has granted. An older publication of the path is superseded: its players stay, its publisher is
    /// told by <see cref="Publication.Superseded"/>.
    /// </summary>
    /// <param name="path"><c>application/room/stream</c>.</param>
    /// <param name="epoch">What the room has granted; it rises with every publisher of a name.</param>
    /// <param name="isRelay">
    /// Whether it is pulled from the node where it is published. A relay whose connection was lost goes on with the same epoch: the same
    /// publication, the same timeline and headers, and of what its origin sends again players get only what they have not got.
    /// </param>
    /// <returns>Null when a publication with this epoch or a higher one lives (its grace period included): this grant is stale.</returns>
    public Publication? Publish(string path, long epoch, bool isRelay = false)
    {
        var stream = Hold(path);
        var publication = isRelay ? stream.Resume(epoch) : null;
        if (publication is not null)
        {
            Release(stream);
            return publication;
        }
        publication = stream.Publish(epoch, isRelay);
        if (publication is null)
        {
            Release(stream);
            _metrics.PublicationStale();
        }
        return publication;
    }

    /// <summary>
    /// Begins to play, also when nobody publishes yet. What late joiners get is queued when this returns: tell the player that it starts
    /// before the call.
    /// </summary>
    /// <param name="path"><c>application/room/stream</c>.</param>
    /// <param name="sink">Where the messages go.</param>
    /// <param name="play">What the player asks for.</param>
    public Subscription Play(string path, IPlayerSink sink, PlayOptions? play = null)
    {
        ArgumentNullException.ThrowIfNull(sink);
        play ??= new PlayOptions();
        var stream = Hold(path);
        var subscription = new Subscription(stream, sink, play);
        subscription.Join(fromGop: !(play.LowLatency ?? _options.LowLatency));
        return subscription;
    }

    /// <summary>
    /// Plays one publication to another node: it is not counted as a player, and gets nothing of any other publication. It is told when that one
    /// ends (<see cref="PlayerNoticeKind.PublishEnded"/>) or is taken over (<see cref="PlayerNoticeKind.Superseded"/>), and nothing after.
    /// </summary>
    /// <param name="path"><c>application/room/stream</c>.</param>
    /// <param name="epoch">The publication.</param>
    /// <param name="sink">Where the messages go.</param>
    /// <param name="fromGop">Whether it gets the cached GOP, or begins with the next key frame.</param>
    /// <returns>Null when that publication is not here.</returns>
    public Subscription? PlayToNode(string path, long epoch, IPlayerSink sink, bool fromGop)
    {
        ArgumentNullException.ThrowIfNull(sink);
        var stream = Hold(path);
        var subscription = new Subscription(stream, sink, new PlayOptions(), relayedEpoch: epoch);
        if (subscription.Join(fromGop))
            return subscription;
        Release(stream);
        return null;
    }

    /// <summary>How many players a stream has on this node; nodes that pull it don't count.</summary>
    public int CountPlayers(string path)
    {
        lock (_gate)
            return _streams.TryGetValue(path, out var stream) ? stream.PlayerCount : 0;
    }

    /// <summary>The heartbeat, about once a second: ends grace periods, closes windows of figures, gives up players that take nothing more.</summary>
    public void Tick()
    {
        var (frames, players) = (0L, 0);
        foreach (var stream in Streams())
        {
            var dropped = stream.Tick();
            frames += dropped.Frames;
            players += dropped.Players;
        }
        if (frames > 0)
            Log.FramesDropped(_logger, frames, players);
    }

    /// <summary>Writes what has waited for as long as it may, where no later message has taken it along: a publisher may fall silent.</summary>
    public void Flush()
    {
        foreach (var stream in Streams())
            stream.FlushLeftBehind();
    }

    /// <summary>The streams as they are now.</summary>
    public IReadOnlyList<StreamStatistics> Snapshot() => [.. Streams().Select(s => s.Describe())];

    /// <summary>The streams of one room as they are now.</summary>
    /// <param name="room"><c>application/room</c>.</param>
    public IReadOnlyList<StreamStatistics> SnapshotRoom(string room)
    {
        LiveStream[] streams;
        lock (_gate)
            streams = _rooms.TryGetValue(room, out var known) ? [.. known] : [];
        return Array.ConvertAll(streams, s => s.Describe());
    }

    internal IEnumerable<Measurement<int>> CountStreams() =>
        Streams().GroupBy(s => s.State).Select(g => new Measurement<int>(g.Count(), new KeyValuePair<string, object?>("state", g.Key switch
        {
            StreamState.Live => "live",
            StreamState.Lost => "lost",
            _ => "waiting",
        })));

    internal int CountPlayers() => Streams().Sum(s => s.PlayerCount);

    internal int CountRelays() => Streams().Sum(s => s.RelayCount);

    internal long CountBytesReceived() => Total().Received;

    internal long CountBytesQueued() => Total().Queued;

    private (long Received, long Queued) Total()
    {
        lock (_gate)
        {
            var total = _gone;
            foreach (var stream in _streams.Values)
                total = Add(total, stream);
            return total;
        }
    }

    private static (long Received, long Queued) Add((long Received, long Queued) total, LiveStream stream)
    {
        var (received, queued) = stream.Totals();
        return (total.Received + received, total.Queued + queued);
    }

    private LiveStream[] Streams()
    {
        lock (_gate)
            return _list ??= [.. _streams.Values];
    }

    private LiveStream Hold(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        lock (_gate)
        {
            if (!_streams.TryGetValue(path, out var stream))
            {
                _streams[path] = stream = new LiveStream(path, _options, _time, _metrics, Release);
                _list = null;
                if (!_rooms.TryGetValue(RoomOf(path), out var room))
                    _rooms[RoomOf(path)] = room = [];
                room.Add(stream);
            }
            stream.Holders++;
            return stream;
        }
    }

    private void Release(LiveStream stream)
    {
        lock (_gate)
        {
            if (--stream.Holders > 0)
                return;
            _streams.Remove(stream.Path);
            _list = null;
            var room = _rooms[RoomOf(stream.Path)];
            room.Remove(stream);
            if (room.Count == 0)
                _rooms.Remove(RoomOf(stream.Path));
            _gone = Add(_gone, stream);
        }
    }

    private static string RoomOf(string path) => path[..Math.Max(path.LastIndexOf('/'), 0)];

    private static partial class Log
    {
        [LoggerMessage(2000, LogLevel.Warning, "{Frames} frames were left out for {Players} slow players since the last heartbeat")]
        public static partial void FramesDropped(ILogger logger, long frames, int players);
    }
}
