using System.Collections.Immutable;
using System.Globalization;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Enhanced;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Workers.Streams;

/// <summary>The first messages of a stream, up to where it is clear what it has: FFmpeg is called in another way for sound alone than for pictures with sound.</summary>
internal sealed class StreamHead
{
    /// <summary>How much of the stream is looked at: publishers send sound and pictures within a frame's time of each other.</summary>
    private const int MaxSpan = 1000;

    /// <summary>What is kept of it at the most; a GOP that the gateway has cached comes at once.</summary>
    private const int MaxBytes = 2 * 1024 * 1024;

    private readonly List<RtmpMessage> _messages = [];
    private long _bytes;
    private uint? _first;
    private bool _hasVideo, _hasAudio, _isAvc, _isAac;
    private long _videoRate, _audioRate;

    /// <summary>The messages. Whoever takes them owns their references.</summary>
    public IReadOnlyList<RtmpMessage> Messages => _messages;

    /// <summary>Whether a frame has come: pictures or sound, not headers.</summary>
    public bool HasFrame => _first is not null;

    /// <summary>The time of the first frame.</summary>
    public uint Start => _first ?? 0;

    /// <summary>Whether it is clear what the stream has.</summary>
    public bool IsClear { get; private set; }

    /// <summary>Whether there are pictures.</summary>
    public bool HasVideo => _hasVideo;

    /// <summary>Whether there is sound.</summary>
    public bool HasAudio => _hasAudio;

    /// <summary>What conditions of profiles ask for.</summary>
    public ImmutableHashSet<string> Facts =>
    [
        .. _hasVideo ? new[] { "video" } : [], .. _hasAudio ? new[] { "audio" } : [],
        .. _isAvc ? new[] { "h264" } : [], .. _isAac ? new[] { "aac" } : [],
    ];

    /// <summary>What the publisher says that its pictures take, in bits a second; where it says nothing or nonsense, what is usual.</summary>
    public string VideoBitrate => Bits(_videoRate, 2500);

    /// <summary>The same of its sound.</summary>
    public string AudioBitrate => Bits(_audioRate, 128);

    /// <summary>Takes a message, and its reference.</summary>
    public void Add(in RtmpMessage message)
    {
        var payload = message.Payload.Span;
        var isFrame = false;
        if (message.Type == MessageType.Video && VideoHeader.TryParse(payload, out var video) && !video.IsCommand)
            (_hasVideo, _isAvc, isFrame) = (_hasVideo || video.IsFrame || video.IsSequenceHeader, _isAvc || video.Codec.IsAvc, video.IsFrame);
        else if (message.Type == MessageType.Audio && AudioHeader.TryParse(payload, out var audio))
            (_hasAudio, _isAac, isFrame) = (_hasAudio || audio.IsFrame || audio.IsSequenceHeader, _isAac || audio.Codec.IsAac, audio.IsFrame);
        else if (DataMessage.IsData(message.Type))
            ReadMetadata(message);
        if (isFrame)
            _first ??= message.Timestamp;
        _messages.Add(message);
        _bytes += payload.Length;
        IsClear = HasFrame && ((_hasVideo && _hasAudio) || RtmpTime.Between(Start, message.Timestamp) >= MaxSpan || _bytes >= MaxBytes);
    }

    /// <summary>No more comes for now: what is there must do.</summary>
    public void Close() => IsClear = HasFrame;

    /// <summary>Gives the references back.</summary>
    public void Release()
    {
        foreach (var message in _messages)
            message.Release();
        _messages.Clear();
    }

    private void ReadMetadata(in RtmpMessage message)
    {
        try
        {
            if (DataMessage.Parse(message) is { IsMetadata: true } data)
                (_videoRate, _audioRate) = (data[0]["videodatarate"].AsInteger(), data[0]["audiodatarate"].AsInteger());
        }
        catch (RtmpProtocolException)
        {
            // A publisher's own data; the gateway lets it pass.
        }
    }

    private static string Bits(long kilobits, int usual) =>
        ((kilobits is >= 1 and <= 1_000_000 ? kilobits : usual) * 1000).ToString(CultureInfo.InvariantCulture);
}
