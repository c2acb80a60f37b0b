using System.Diagnostics.CodeAnalysis;
using RoomGrains.Media.Metrics;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

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
internal sealed class LiveStream(string path, StreamOptions options, TimeProvider time, MediaMetrics metrics, Action<LiveStream> release)
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

    /// <summary>Sends a message of a publication, if it is the current one.</summary>
    public void Send(Publication from, in RtmpMessage message)
    {
        lock (_publishing)
        {
            if (from != _current || _lostAt is not null)
                return;
            switch (message.Type)
            {
                case MessageType.Audio when MediaFrame.TryReadAudio(message.Payload.Span, out var audio):
                    SendMedia(message, audio);
                    break;
                case MessageType.Video when MediaFrame.TryReadVideo(message.Payload.Span, out var video):
                    SendMedia(message, video);
                    break;
                case MessageType.DataAmf0 or MessageType.DataAmf3 when TryRead(message, out var data, out var payload):
                    SendData(message.Timestamp, data, payload);
                    payload.Release();
                    break;
                case MessageType.Audio or MessageType.Video or MessageType.DataAmf0 or MessageType.DataAmf3:
                    metrics.MessageMalformed(message.Type);
                    break;
            }
        }
    }

    /// <summary>
    /// Gives the players what is due. A publisher's thread that has read several messages at once writes once for all. Nodes that pull the
    /// stream do not wait for a merge window: they have one of their own for their players, and two in a row would be twice the delay.
    /// </summary>
    public void Flush()
    {
        lock (_publishing)
            DeliverDue();
    }

    /// <summary>The same for what a publisher that has fallen silent left behind. A publisher at work does it itself, and is not disturbed.</summary>
    public void FlushLeftBehind()
    {
        if (!_publishing.TryEnter())
            return;
        try
        {
            DeliverDue();
        }
        finally
        {
            _publishing.Exit();
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

    private void SendMedia(in RtmpMessage message, in MediaFrame frame)
    {
        var now = time.GetTimestamp();
        if (frame.Kind == FrameKind.Header && Keep(frame.Header, frame.Tracks, message.Type, message.Payload, frame, now))
            return;
        if (_current!.Delivered?.IsNew(frame, message.Timestamp) == false)
            return;
        var timestamp = _timeline.OfFrame(message.Timestamp, now);
        var outgoing = OutgoingMessage.Encode(message.Type, timestamp, message.Payload, ChunkStreams.Of(message.Type), options.ChunkSize);
        long version, number;
        lock (_gate)
        {
            Count(message.Payload.Length, frame, now);
            if (!_gop.Add(outgoing, frame, startsGop: frame.Kind == FrameKind.Key && frame.Tracks.Lowest == _defaultVideo))
                metrics.GopGivenUp();
            (version, number) = (_headers.Version, _messages++);
        }
        Deliver(outgoing, frame, number, version, now);
    }

    /// <summary>Reads a data message; false when it is malformed.</summary>
    /// <param name="message">The message.</param>
    /// <param name="data">What it says.</param>
    /// <param name="payload">What players get; the caller holds a reference to it.</param>
    private static bool TryRead(in RtmpMessage message, [NotNullWhen(true)] out DataMessage? data, [NotNullWhen(true)] out SharedBuffer? payload)
    {
        try
        {
            data = DataMessage.Parse(message);
            // @setDataFrame is a word to the server, and not every player reads AMF3.
            var asItCame = data.Frame == DataFrame.None && message.Type == MessageType.DataAmf0;
            payload = asItCame ? message.Payload.AddReference() : data.WithFrame(DataFrame.None).EncodePayload();
            return true;
        }
        catch (RtmpProtocolException)
        {
            (data, payload) = (null, null);
            return false;
        }
    }

    private void SendData(uint timestamp, DataMessage data, SharedBuffer payload)
    {
        var now = time.GetTimestamp();
        if (data.Frame == DataFrame.Clear)
        {
            if (data.Handler == DataMessage.OnMetaData)
                ClearMetadata();
            return;
        }
        if (data.IsMetadata && KeepMetadata(data, payload, now))
            return;
        var outgoing = OutgoingMessage.Encode(
            MessageType.DataAmf0, _timeline.OfData(timestamp, now), payload, ChunkStreams.Of(MessageType.DataAmf0), options.ChunkSize);
        long number;
        lock (_gate)
        {
            _meter.Count(payload.Length, now);
            number = _messages++;
        }
        Deliver(outgoing, default, number, version: 0, now);
    }

    private bool KeepMetadata(DataMessage data, SharedBuffer payload, long now)
    {
        if (!Keep(HeaderKind.Metadata, default, MessageType.DataAmf0, payload, default, now))
            return false;
        lock (_gate)
            _meter.SetSize((int)data[0]["width"].AsInteger(0, 65_535), (int)data[0]["height"].AsInteger(0, 65_535));
        return true;
    }

    private void ClearMetadata()
    {
        lock (_gate)
        {
            _headers.RemoveMetadata();
            _meter.SetSize(0, 0);
        }
    }

    /// <summary>Keeps a header, which every player gets before its next frame; false when there is no room for it.</summary>
    private bool Keep(HeaderKind kind, TrackSet tracks, MessageType type, SharedBuffer payload, in MediaFrame frame, long now)
    {
        // What waits was coded by the old header, and must not come behind the new one.
        DeliverBatch();
        lock (_gate)
        {
            var stored = _headers.Store(kind, tracks, type, payload);
            if (stored == HeaderStored.Refused)
            {
                metrics.HeaderRefused();
                return false;
            }
            Count(payload.Length, frame, now);
            // What is cached was coded by the old header, and joiners get the new one.
            if (stored == HeaderStored.Changed && kind != HeaderKind.Metadata)
                _gop.Clear();
            return true;
        }
    }

    private void Count(int bytes, in MediaFrame frame, long now)
    {
        _meter.Count(bytes, now);
        if (frame.Tracks.IsEmpty)
            return;
        ref var defaultTrack = ref frame.IsVideo ? ref _defaultVideo : ref _defaultAudio;
        if (frame.Tracks.Lowest > defaultTrack)
            return;
        defaultTrack = frame.Tracks.Lowest;
        _meter.SetCodec(frame.IsVideo, frame.Codec);
        if (frame.IsPicture)
            _meter.CountPicture();
    }

    private void Deliver(OutgoingMessage outgoing, in MediaFrame frame, long number, long version, long now)
    {
        foreach (var relay in Relays())
            relay.Deliver(outgoing, in frame, version);
        _batch.Add(outgoing, frame, number, version, now);
    }

    /// <summary>Gives the players what waits, if it may wait no longer. Called under the publishing lock.</summary>
    private void DeliverDue()
    {
        if (_batch.IsDue(time.GetTimestamp()))
            DeliverBatch();
        else if (options.MergeWindow > TimeSpan.Zero)
            FlushAll(Relays());
    }

    /// <summary>Gives the players what waits. Called under the publishing lock.</summary>
    private void DeliverBatch()
    {
        if (_batch.IsEmpty)
            return;
        FlushAll(Relays());
        foreach (var player in Players())
        {
            if (player.RelayedEpoch is null)
                player.Deliver(_batch);
        }
        _batch.Clear();
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
