using System.Globalization;
using RoomGrains.Media.Streams;
using RoomGrains.Rtmp.Chunks;

namespace RoomGrains.Media;

/// <summary>What a player asks for at its start.</summary>
public sealed record PlayOptions
{
    /// <summary>Whether it waits for the next key frame instead of getting the cached GOP; null follows <see cref="StreamOptions.LowLatency"/>.</summary>
    public bool? LowLatency { get; init; }
    /// <summary>See <see cref="Subscription.ReceiveAudio"/>.</summary>
    public bool ReceiveAudio { get; init; } = true;
    /// <summary>See <see cref="Subscription.ReceiveVideo"/>.</summary>
    public bool ReceiveVideo { get; init; } = true;
}

/// <summary>
/// One player of one stream. It sees headers before frames, a key frame before inter frames, and loses frames by rule when it is slow:
/// disposable frames, then all video until a key frame, then audio; headers never. Dispose it when the player leaves.
/// </summary>
public sealed class Subscription : IDisposable
{
    private readonly Lock _gate = new();
    private readonly LiveStream _stream;
    private readonly IPlayerSink _sink;
    private long _headers;
    private long _from;
    private TrackSet _keyed;
    private bool _receiveAudio;
    private bool _receiveVideo;
    private bool _paused;
    private bool _skipping;
    private bool _ended;
    private bool _disposed;
    private volatile bool _unflushed;
    private long _burst;
    private long _bytesQueued;
    private long _framesDropped;
    private long _framesReported;

    internal Subscription(LiveStream stream, IPlayerSink sink, PlayOptions play, long? relayedEpoch = null) =>
        (_stream, _sink, _receiveAudio, _receiveVideo, RelayedEpoch) = (stream, sink, play.ReceiveAudio, play.ReceiveVideo, relayedEpoch);

    /// <summary><c>application/room/stream</c>.</summary>
    public string Path => _stream.Path;

    /// <summary>Whether audio is sent.</summary>
    public bool ReceiveAudio
    {
        get => _receiveAudio;
        set
        {
            lock (_gate)
                _receiveAudio = value;
        }
    }

    /// <summary>Whether video is sent. It resumes at a key frame.</summary>
    public bool ReceiveVideo
    {
        get => _receiveVideo;
        set
        {
            lock (_gate)
                (_receiveVideo, _keyed) = (value, value && _receiveVideo ? _keyed : default);
        }
    }

    /// <summary>Bytes queued so far, chunk headers included.</summary>
    public long BytesQueued => Volatile.Read(ref _bytesQueued);

    /// <summary>Frames that were left out because the player was slow.</summary>
    public long FramesDropped => Volatile.Read(ref _framesDropped);

    /// <summary>Stops everything, or goes on with what is live then: audio at once, video at a key frame.</summary>
    public void Pause(bool paused)
    {
        lock (_gate)
            (_paused, _keyed) = (paused, paused == _paused ? _keyed : default);
    }

    /// <summary>Ends the subscription: when this returns, nothing more is queued.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = _ended = true;
        }
        _stream.Leave(this);
    }

    /// <summary>Of a relay: the one publication that it plays.</summary>
    internal long? RelayedEpoch { get; }

    /// <summary>Its place in the stream's set of players; the stream's own.</summary>
    internal int Place { get; set; }

    /// <summary>Enters the stream; false when it is a relay of a publication that is not there.</summary>
    internal bool Join(bool fromGop)
    {
        lock (_gate)
        {
            if (!_stream.Join(this, fromGop, ref _headers, out _from))
                return false;
            // What is queued here at once is no sign of a slow player.
            _burst = _bytesQueued;
        }
        Flush();
        return true;
    }

    /// <summary>Queues what a joiner gets of the past. Called by the stream during the join, under both locks.</summary>
    internal void CatchUp(List<OutgoingMessage> headers, GopCache gop)
    {
        foreach (var header in headers)
            EnqueueOwned(header);
        if (gop.IsWhole && _receiveAudio && _receiveVideo)
        {
            foreach (var piece in gop.Pieces)
                Enqueue(piece);
            _keyed = gop.Opens;
            return;
        }
        var at = 0;
        foreach (var piece in gop.Pieces)
        {
            foreach (var message in piece.Messages)
            {
                var frame = gop.Frames[at++];
                if (!Wants(frame) || !IsDecodable(frame))
                    continue;
                Open(frame);
                Enqueue(message);
            }
        }
    }

    internal void BeginPublication(bool started)
    {
        lock (_gate)
        {
            (_keyed, _skipping) = (default, false);
            if (RelayedEpoch is not null)
                EndRelay(PlayerNoticeKind.Superseded);
            else if (started)
                Notify(new PlayerNotice(PlayerNoticeKind.PublishStarted));
        }
    }

    internal void EndPublication()
    {
        lock (_gate)
        {
            (_keyed, _skipping) = (default, false);
            if (RelayedEpoch is not null)
                EndRelay(PlayerNoticeKind.PublishEnded);
            else
                Notify(new PlayerNotice(PlayerNoticeKind.PublishEnded));
        }
    }

    /// <summary>Gives the player what its stream has sent since the last time: all in one write, or, where something stands in the way, message by message.</summary>
    internal void Deliver(StreamBatch batch)
    {
        lock (_gate)
        {
            if (_ended || _paused)
                return;
            if (TakesWhole(batch) && _sink.TrySend(batch.Messages))
            {
                _keyed = _keyed.Union(batch.Opens);
                _bytesQueued += batch.Messages.WireLength;
                _burst = 0;
                return;
            }
            // What must wait holds the bodies that all players share; put together for this one, it would be a copy for each.
            DeliverEach(batch);
        }
        Flush();
    }

    /// <summary>Gives a relay a message.</summary>
    internal void Deliver(OutgoingMessage message, in MediaFrame frame, long number, long version)
    {
        lock (_gate)
        {
            // It may have joined since the message went into the cache.
            if (number >= _from)
                DeliverOne(message, frame, version);
        }
    }

    /// <summary>Whether the policy has nothing to decide about any of these messages.</summary>
    private bool TakesWhole(StreamBatch batch) =>
        batch.First >= _from && batch.Version <= _headers && _keyed.Contains(batch.Needs) && !_skipping && _receiveAudio && _receiveVideo;

    private void DeliverEach(StreamBatch batch)
    {
        var messages = batch.Messages.Messages;
        for (var i = 0; i < messages.Length; i++)
        {
            // What came before the player did, it has from the cache.
            if (batch.First + i >= _from)
                DeliverOne(messages[i], batch[i].Frame, batch[i].Version);
        }
    }

    private void DeliverOne(OutgoingMessage message, in MediaFrame frame, long version)
    {
        if (_ended || _paused || !Wants(frame))
            return;
        if (!IsDecodable(frame))
        {
            if (_skipping)
                CountDrop(frame.Kind);
            return;
        }
        if (!Keeps(frame))
            return;
        Open(frame);
        if (version > _headers)
            EnqueueHeaders(message.Timestamp);
        Enqueue(message);
    }

    /// <summary>The heartbeat: a player whose queue stands still is given up also when nothing new comes.</summary>
    /// <returns>The frames it has missed since the last heartbeat.</returns>
    internal long Tick()
    {
        long dropped;
        lock (_gate)
        {
            if (!_ended)
                Measure();
            (dropped, _framesReported) = (_framesDropped - _framesReported, _framesDropped);
        }
        Flush();
        return dropped;
    }

    internal void Flush()
    {
        if (!_unflushed)
            return;
        _unflushed = false;
        _sink.Flush();
    }

    private bool Wants(in MediaFrame frame) => frame.Kind == FrameKind.Data || (frame.IsVideo ? _receiveVideo : _receiveAudio);

    /// <summary>Whether the player has the key frame that this frame needs.</summary>
    private bool IsDecodable(in MediaFrame frame) =>
        frame.Kind is not (FrameKind.Inter or FrameKind.Disposable) || _keyed.Intersects(frame.Tracks);

    /// <summary>A key frame opens its tracks for the inter frames that follow.</summary>
    private void Open(in MediaFrame frame)
    {
        if (frame.Kind == FrameKind.Key)
            (_keyed, _skipping) = (_keyed.Union(frame.Tracks), false);
    }

    /// <summary>The policy for slow players: whether this one gets the frame in spite of what waits for it.</summary>
    private bool Keeps(in MediaFrame frame)
    {
        var lag = Measure();
        if (_ended)
            return false;
        var keeps = frame.Kind switch
        {
            FrameKind.Disposable => lag < Lag.DropsDisposable,
            FrameKind.Inter or FrameKind.Key => lag < Lag.DropsInter,
            FrameKind.Header => true,
            _ => lag < Lag.DropsAudio,
        };
        if (keeps)
            return true;
        if (frame.Kind is FrameKind.Inter or FrameKind.Key)
            (_keyed, _skipping) = (_keyed.Except(frame.Tracks), true);
        CountDrop(frame.Kind);
        return false;
    }

    private Lag Measure()
    {
        var backlog = _sink.Backlog;
        var (bytes, age) = backlog;
        var options = _stream.Options;
        var standsStill = (backlog.Standstill ?? age) > options.MaxBacklogAge;
        if (standsStill || bytes > options.MaxBacklogBytes + _burst)
        {
            GiveUp(bytes, age, standsStill);
            return Lag.DropsAudio;
        }
        // A node's connection is late for all of its streams: what this one brought along is no excuse when it has gone out.
        if (RelayedEpoch is not null && _bytesQueued - bytes >= _burst)
            _burst = 0;
        if (bytes <= options.DropDisposableAbove && age <= options.DropDisposableAfter)
        {
            _burst = 0;
            return Lag.None;
        }
        if (_burst > 0)
            (bytes, age) = (bytes - _burst, TimeSpan.Zero);
        return bytes > options.DropAudioAbove || age > options.DropAudioAfter ? Lag.DropsAudio
            : bytes > options.DropInterAbove || age > options.DropInterAfter ? Lag.DropsInter
            : bytes > options.DropDisposableAbove || age > options.DropDisposableAfter ? Lag.DropsDisposable
            : Lag.None;
    }

    private void GiveUp(long bytes, TimeSpan age, bool standsStill)
    {
        var reason = string.Create(CultureInfo.InvariantCulture,
            $"too slow: {bytes / 1024} KiB wait, the oldest for {age.TotalSeconds:F1} s; at most {_stream.Options.MaxBacklogBytes / 1024} KiB or {_stream.Options.MaxBacklogAge.TotalSeconds:F1} s may");
        Notify(new PlayerNotice(PlayerNoticeKind.TooSlow, reason, standsStill));
        _stream.Metrics.PlayerGivenUp();
        _ended = true;
    }

    private void EndRelay(PlayerNoticeKind how)
    {
        Notify(new PlayerNotice(how));
        _ended = true;
    }

    private void EnqueueHeaders(uint timestamp)
    {
        List<OutgoingMessage> headers = [];
        _stream.CollectHeaders(ref _headers, timestamp, headers);
        foreach (var header in headers)
            EnqueueOwned(header);
    }

    private void Enqueue(OutgoingMessage message)
    {
        _sink.Enqueue(message);
        _bytesQueued += message.WireLength;
        _unflushed = true;
    }

    private void Enqueue(MessageBatch batch)
    {
        _sink.Enqueue(batch);
        _bytesQueued += batch.WireLength;
        _unflushed = true;
    }

    private void EnqueueOwned(OutgoingMessage message)
    {
        Enqueue(message);
        message.Release();
    }

    private void Notify(PlayerNotice notice)
    {
        if (_ended)
            return;
        _sink.Notify(notice);
        _unflushed = true;
    }

    private void CountDrop(FrameKind kind)
    {
        _framesDropped++;
        _stream.Metrics.FrameDropped(kind);
    }

    private enum Lag { None, DropsDisposable, DropsInter, DropsAudio }
}
