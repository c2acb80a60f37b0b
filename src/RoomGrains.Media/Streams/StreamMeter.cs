using RoomGrains.Rtmp.Enhanced;

namespace RoomGrains.Media.Streams;

/// <summary>The figures of one stream: totals, and rates over windows that the heartbeat closes. Not thread-safe: the stream's lock guards it.</summary>
internal sealed class StreamMeter(TimeProvider time)
{
    /// <summary>A shorter window would show the rhythm of the packets instead of the rate.</summary>
    private static readonly TimeSpan ShortestWindow = TimeSpan.FromMilliseconds(900);

    private long _receivedAt = time.GetTimestamp();
    private long _windowStart = time.GetTimestamp();
    private long _windowBytes;
    private int _windowFrames;
    private double _frameRate;
    private long _bitsPerSecond;
    private uint? _videoCodec;
    private uint? _audioCodec;
    private int _width;
    private int _height;
    private long _bytesReceived;
    private long _bytesQueuedToLeft;
    private long _framesDroppedByLeft;

    public void BeginPublication()
    {
        EndPublication();
        _receivedAt = _windowStart = time.GetTimestamp();
    }

    public void EndPublication()
    {
        (_videoCodec, _audioCodec, _width, _height) = (null, null, 0, 0);
        (_frameRate, _bitsPerSecond, _windowBytes, _windowFrames) = (0, 0, 0, 0);
    }

    public void Count(int bytes, long now)
    {
        _bytesReceived += bytes;
        _windowBytes += bytes;
        _receivedAt = now;
    }

    public void CountPicture() => _windowFrames++;

    /// <summary>The codec of the default track: FourCC or FLV id.</summary>
    public void SetCodec(bool isVideo, uint codec)
    {
        if (isVideo)
            _videoCodec = codec;
        else
            _audioCodec = codec;
    }

    public void SetSize(int width, int height) => (_width, _height) = (width, height);

    /// <summary>A player has left: what it got stays in the totals.</summary>
    public void AddLeft(Subscription player)
    {
        _bytesQueuedToLeft += player.BytesQueued;
        _framesDroppedByLeft += player.FramesDropped;
    }

    public void CloseWindow()
    {
        var elapsed = time.GetElapsedTime(_windowStart);
        if (elapsed < ShortestWindow)
            return;
        _frameRate = _windowFrames / elapsed.TotalSeconds;
        _bitsPerSecond = (long)(_windowBytes * 8 / elapsed.TotalSeconds);
        (_windowStart, _windowBytes, _windowFrames) = (time.GetTimestamp(), 0, 0);
    }

    public (long Received, long Queued) Totals(Subscription[] players) => (_bytesReceived, _bytesQueuedToLeft + players.Sum(p => p.BytesQueued));

    public StreamStatistics Describe(string path, StreamState state, long epoch, Subscription[] players)
    {
        return new StreamStatistics
        {
            Path = path,
            State = state,
            Epoch = epoch,
            VideoCodec = _videoCodec is { } video ? new VideoCodec(video).Name : "",
            AudioCodec = _audioCodec is { } audio ? new AudioCodec(audio).Name : "",
            Width = _width,
            Height = _height,
            FrameRate = _frameRate,
            BitsPerSecond = _bitsPerSecond,
            Players = players.Count(p => p.RelayedEpoch is null),
            Relays = players.Count(p => p.RelayedEpoch is not null),
            Silence = time.GetElapsedTime(_receivedAt),
            BytesReceived = _bytesReceived,
            BytesQueued = Totals(players).Queued,
            FramesDropped = _framesDroppedByLeft + players.Sum(p => p.FramesDropped),
        };
    }
}
