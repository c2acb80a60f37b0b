using RoomGrains.Media.Metrics;
using RoomGrains.Rtmp.Chunks;

namespace RoomGrains.Media.Streams;

/// <summary>
/// One stream on this node: its publication, its players, and what late joiners need.
/// </summary>
/// <remarks>
/// Locks, in the order in which they may be taken:
/// <list type="number">
/// <item><c>_publishing</c>: one message at a time goes into the caches and the batch, and one batch at a time to the players, so that all
/// players see one order, also when a publisher is superseded in mid-send. The publisher's thread is alone with it but for the heartbeat and a
/// takeover. Writes happen under it: they never wait, and what is written next belongs behind them.</item>
/// <item>a subscription's own lock: it gets one batch at a time. A joiner holds it while its burst (headers, GOP) is queued, and what comes
/// live meanwhile waits behind the burst.</item>
/// <item><c>_gate</c>: players, headers, GOP, figures; held for moments. A joiner enters the list of players, takes the GOP and the number of
/// the next message under one hold; a message enters the GOP and gets its number under one hold. So a message reaches a joiner by the GOP or
/// live, never by both and never by neither.</item>
/// </list>
/// </remarks>
internal sealed partial class LiveStream(string path, StreamOptions options, TimeProvider time, MediaMetrics metrics, Action<LiveStream> release)
{
    private readonly Lock _publishing = new();
    private readonly StreamTimeline _timeline = new(time);
    private readonly StreamBatch _batch = new(options, time);
    private Publication? _current;
    private long? _lostAt;

    private readonly Lock _gate = new();
    private readonly HeaderCache _headers = new(options);
    private readonly GopCache _gop = new(options);
    private readonly StreamMeter _meter = new(time);
    private readonly PlayerSet _players = new();
    private long _messages;
    private StreamState _state = StreamState.Waiting;
    private long _epoch;
    private int _defaultVideo;
    private int _defaultAudio;

    public string Path => path;
    public StreamOptions Options => options;
    public MediaMetrics Metrics => metrics;

    /// <summary>The publication and each subscription hold the stream; the hub counts under its own lock, and forgets it at zero.</summary>
    public int Holders { get; set; }

    /// <summary>Players of this node.</summary>
    public int PlayerCount
    {
        get
        {
            lock (_gate)
                return _players.Players;
        }
    }

    /// <summary>Nodes that pull it from here.</summary>
    public int RelayCount
    {
        get
        {
            lock (_gate)
                return _players.Relays.Length;
        }
    }

    public StreamState State
    {
        get
        {
            lock (_gate)
                return _state;
        }
    }

    /// <summary>Begins a publication; null when a living one has this epoch or a higher one. The hub holds the stream for it.</summary>
    public Publication? Publish(long epoch, bool isRelay)
    {
        Publication publication;
        Publication? superseded;
        Subscription[] players;
        lock (_publishing)
        {
            superseded = _current;
            if (superseded is not null && epoch <= superseded.Epoch)
                return null;
            DeliverBatch();
            _current = publication = new Publication(this, epoch, isRelay);
            _lostAt = null;
            _timeline.Restart();
            bool started;
            lock (_gate)
            {
                started = _state == StreamState.Waiting;
                _state = StreamState.Live;
                players = _players.ToList();
                _headers.BeginPublication();
                _gop.Clear();
                _meter.BeginPublication();
                _epoch = epoch;
                // The track that everybody plays: the lowest that comes.
                _defaultVideo = _defaultAudio = int.MaxValue;
            }
            foreach (var player in players)
                player.BeginPublication(started);
        }
        FlushAll(players);
        if (superseded is not null)
        {
            superseded.Supersede();
            metrics.PublicationSuperseded();
            release(this);
        }
        return publication;
    }

    /// <summary>Goes on with the relay of this epoch whose connection was lost; null when there is none. Its hold on the stream is the old one.</summary>
    public Publication? Resume(long epoch)
    {
        lock (_publishing)
        {
            if (_current is not { Delivered: { } delivered } || _current.Epoch != epoch || _lostAt is null)
                return null;
            _lostAt = null;
            delivered.Resume();
            lock (_gate)
                _state = StreamState.Live;
            return _current;
        }
    }

    public void End(Publication publication, PublicationEnd how)
    {
        Subscription[] told;
        lock (_publishing)
        {
            if (publication != _current)
                return;
            if (how == PublicationEnd.Lost && options.GracePeriod > TimeSpan.Zero)
            {
                DeliverBatch();
                _lostAt ??= time.GetTimestamp();
                lock (_gate)
                    _state = StreamState.Lost;
                return;
            }
            told = EndCurrent()!;
        }
        FlushAll(told);
        release(this);
    }

    /// <summary>Ends a publication that nobody plays; false when somebody does.</summary>
    public bool TryEndUnwatched(Publication publication)
    {
        lock (_publishing)
        {
            if (publication != _current)
                return true;
            if (EndCurrent(evenWatched: false) is null)
                return false;
        }
        release(this);
        return true;
    }

    /// <summary>The heartbeat: ends a grace period, closes the window of figures, gives up players whose queue has stood still.</summary>
    /// <returns>The frames that slow players have missed since the last heartbeat, and how many players.</returns>
    public (long Frames, int Players) Tick()
    {
        Subscription[]? told = null;
        lock (_publishing)
        {
            if (_lostAt is { } lost && time.GetElapsedTime(lost) >= options.GracePeriod)
                told = EndCurrent();
        }
        if (told is not null)
        {
            FlushAll(told);
            release(this);
        }
        lock (_gate)
            _meter.CloseWindow();
        var (frames, players) = (0L, 0);
        foreach (var player in Players())
        {
            var dropped = player.Tick();
            frames += dropped;
            players += dropped > 0 ? 1 : 0;
        }
        return (frames, players);
    }

    /// <summary>Takes a player in, and gives it the cached GOP with its headers; without one it starts with what comes next. Called under the subscription's lock.</summary>
    /// <param name="player">The player.</param>
    /// <param name="fromGop">Whether it wants the cached GOP.</param>
    /// <param name="version">The version of the headers that it has got.</param>
    /// <param name="next">The number of the first message that it gets live.</param>
    /// <returns>False: it is a relay of a publication that is not there.</returns>
    public bool Join(Subscription player, bool fromGop, ref long version, out long next)
    {
        lock (_gate)
        {
            next = _messages;
            if (player.RelayedEpoch is { } epoch && (_state == StreamState.Waiting || _epoch != epoch))
                return false;
            _players.Add(player);
            if (!fromGop || _gop.IsEmpty)
                return true;
            List<OutgoingMessage> headers = [];
            version = _headers.Collect(version, _gop.Began, headers);
            player.CatchUp(headers, _gop);
            return true;
        }
    }

    public void Leave(Subscription player)
    {
        lock (_gate)
        {
            _players.Remove(player);
            _meter.AddLeft(player);
        }
        release(this);
    }

    /// <summary>The headers that a player with this version lacks. Called under the subscription's lock.</summary>
    public void CollectHeaders(ref long version, uint timestamp, List<OutgoingMessage> headers)
    {
        lock (_gate)
            version = _headers.Collect(version, timestamp, headers);
    }

    /// <summary>Payload bytes received, and bytes queued to players.</summary>
    public (long Received, long Queued) Totals()
    {
        lock (_gate)
            return _meter.Totals(_players.ToList());
    }

    public StreamStatistics Describe()
    {
        lock (_gate)
            return _meter.Describe(path, _state, _state == StreamState.Waiting ? 0 : _epoch, _players.ToList());
    }

    private Subscription[] Players()
    {
        lock (_gate)
            return _players.ToList();
    }

    private Subscription[] Relays()
    {
        lock (_gate)
            return _players.Relays;
    }

    /// <summary>Ends the publication, and returns who has been told; null when it is watched and then shall not end.</summary>
    private Subscription[]? EndCurrent(bool evenWatched = true)
    {
        DeliverBatch();
        Subscription[] players;
        lock (_gate)
        {
            if (!evenWatched && _players.Count > 0)
                return null;
            _state = StreamState.Waiting;
            _headers.Clear();
            _gop.Clear();
            _meter.EndPublication();
            players = _players.ToList();
        }
        (_current, _lostAt) = (null, null);
        foreach (var player in players)
            player.EndPublication();
        return players;
    }

    private static void FlushAll(Subscription[] players)
    {
        foreach (var player in players)
            player.Flush();
    }
}
