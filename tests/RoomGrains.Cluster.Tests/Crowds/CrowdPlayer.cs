using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Cluster.Tests.Crowds;

/// <summary>A viewer that looks at every byte: its room's stream and no other, from a header and a key frame on, nothing twice, nothing out of order.</summary>
internal sealed class CrowdPlayer(Crowd crowd, CrowdStream stream, int id) : CrowdClient(crowd, stream, id)
{
    // A player that gets nothing for so long gives up and connects anew. Above a publisher's usual absence with its grace period.
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new();
    private readonly Dictionary<int, long> _seen = [];
    private long _lastNewAt;
    private long _lastSentAt;
    private TimeSpan _longestGap;
    private long _lost;
    private int _frames;
    private int _unpublished;
    private string _nodeAtStart = "";

    // Of this connection.
    private bool _hasHeader;
    private bool _hasMetadata;
    private uint? _timestamp;
    private Watermark _newest;

    /// <inheritdoc/>
    public override bool IsSettled => Current is not null;

    /// <summary>When the newest frame that it has got was sent; 0 before the first.</summary>
    public long LastSentAt => Volatile.Read(ref _lastSentAt);

    /// <inheritdoc/>
    public override void BeginWindow()
    {
        base.BeginWindow();
        lock (_gate)
            (_longestGap, _lost, _frames, _unpublished, _nodeAtStart) = (TimeSpan.Zero, 0, 0, 0, Current?.Node ?? "");
    }

    /// <summary>What it saw since the window began.</summary>
    public Observation Observe(string publisherNode)
    {
        lock (_gate)
        {
            var open = _lastNewAt == 0 ? TimeSpan.Zero : TimeProvider.System.GetElapsedTime(_lastNewAt);
            return new(_nodeAtStart, publisherNode, Breaks == 0, Moves, _frames, _lost, open > _longestGap ? open : _longestGap, _unpublished);
        }
    }

    /// <inheritdoc/>
    public override void Tick()
    {
        base.Tick();
        if (Current is { } connection && connection.Silence > StallLimit)
            connection.Abort();
    }

    protected override Task BeginAsync(CrowdConnection connection, CancellationToken cancel) =>
        connection.Stream.PlayAsync(Stream.Key.Stream, cancellationToken: cancel);

    protected override async Task UseAsync(CrowdConnection connection, CancellationToken cancel)
    {
        (_hasHeader, _hasMetadata, _timestamp, _newest) = (false, false, null, default);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, connection.Left);
        try
        {
            while (await connection.Stream.ReadAsync(stop.Token) is { } message)
            {
                Look(message);
                message.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // Left, or the crowd goes home.
        }
    }

    private void Look(in RtmpMessage message)
    {
        switch (message.Type)
        {
            case MessageType.Video when message.Payload.Length > 1 && message.Payload.Span[1] == 0:
                _hasHeader = message.Payload.Span.SequenceEqual(Watermark.SequenceHeader.Span);
                if (!_hasHeader)
                    Wrong("another sequence header than was sent");
                break;
            case MessageType.Video:
                LookAtFrame(message);
                break;
            case MessageType.DataAmf0 when DataMessage.Parse(message) is { Handler: DataMessage.OnMetaData } data:
                _hasMetadata = true;
                if (data[0]["width"].AsInteger() != Crowd.WidthOf(Stream))
                    Wrong($"metadata of another stream: {data[0]}");
                break;
            case MessageType.CommandAmf0 when CommandMessage.Parse(message) is { Name: Replies.OnStatus } status
                                              && status[0]["code"].AsString() == StatusCodes.Play.UnpublishNotify:
                lock (_gate)
                    _unpublished++;
                break;
        }
    }

    private void LookAtFrame(in RtmpMessage message)
    {
        var now = TimeProvider.System.GetTimestamp();
        var frame = message.Payload.Span;
        if (Watermark.Read(frame, Stream.Name, out var mark) is { } wrong)
        {
            Crowd.Misled(this, wrong);
            return;
        }
        if (_timestamp is null && (!_hasHeader || !_hasMetadata || !Watermark.IsKey(frame)))
            Wrong($"began with frame {mark.Sequence}: header {_hasHeader}, metadata {_hasMetadata}, key frame {Watermark.IsKey(frame)}");
        if (_timestamp is { } before && RtmpTime.Between(before, message.Timestamp) < 0)
            Wrong($"timestamp {message.Timestamp} after {before}, at {mark} after {_newest}");
        _timestamp = message.Timestamp;
        if (mark.Connection < _newest.Connection)
            Wrong($"an older publication after a newer one: {mark} after {_newest}");
        else if (mark.Publisher == _newest.Publisher && mark.Sequence <= _newest.Sequence)
            Wrong($"a frame twice, or out of order: {mark} after {_newest}");
        _newest = mark;
        Count(mark, now);
    }

    private void Count(in Watermark mark, long now)
    {
        lock (_gate)
        {
            // A new connection begins with the GOP: what was seen before is no news.
            var seen = _seen.GetValueOrDefault(mark.Publisher);
            if (mark.Sequence <= seen)
                return;
            if (seen > 0)
                _lost += mark.Sequence - seen - 1;
            if (_seen.Count > 8)
                _seen.Clear();
            _seen[mark.Publisher] = mark.Sequence;
            _frames++;
            if (_lastNewAt != 0 && TimeProvider.System.GetElapsedTime(_lastNewAt, now) is var gap && gap > _longestGap)
                _longestGap = gap;
            _lastNewAt = now;
        }
        Volatile.Write(ref _lastSentAt, Math.Max(LastSentAt, mark.SentAt));
        Stream.Heard(mark.Connection, now);
    }

    private void Wrong(string what) => Crowd.Wrong($"player {Id} of {Stream.Key} on {Current?.Node}: {what}");
}
