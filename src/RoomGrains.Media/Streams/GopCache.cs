using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Media.Streams;

/// <summary>
/// The messages since the last key frame, already encoded, for late joiners. When a cap is exceeded the cache is given up until the next
/// key frame: half a GOP is of no use. Not thread-safe: the stream's lock guards it.
/// </summary>
internal sealed class GopCache(StreamOptions options)
{
    private readonly List<CachedMessage> _messages = [];
    private long _bytes;
    private bool _open;

    /// <summary>Adds a message, or begins anew when it is a key frame of the default track.</summary>
    /// <returns>False when the cache was just given up.</returns>
    public bool Add(OutgoingMessage message, in MediaFrame frame, bool startsGop)
    {
        if (startsGop)
        {
            Clear();
            _open = true;
        }
        if (!_open)
            return true;
        if (Exceeds(message))
        {
            Clear();
            return false;
        }
        _messages.Add(new CachedMessage(message.AddReference(), frame));
        _bytes += message.PayloadLength;
        return true;
    }

    /// <summary>Gives everything up until the next key frame.</summary>
    public void Clear()
    {
        foreach (var cached in _messages)
            cached.Message.Release();
        _messages.Clear();
        _bytes = 0;
        _open = false;
    }

    /// <summary>What is cached, with a reference to each for the caller.</summary>
    public CachedMessage[] Take()
    {
        foreach (var cached in _messages)
            cached.Message.AddReference();
        return [.. _messages];
    }

    private bool Exceeds(OutgoingMessage message)
    {
        if (_bytes + message.PayloadLength > options.GopCacheBytes || _messages.Count >= options.GopCacheMessages)
            return true;
        // A clock that was set back makes the age negative, and is as good a reason.
        return _messages.Count > 0
            && Math.Abs((long)RtmpTime.Between(_messages[0].Message.Timestamp, message.Timestamp)) > options.GopCacheDuration.TotalMilliseconds;
    }
}

/// <summary>A message in the GOP cache.</summary>
internal readonly record struct CachedMessage(OutgoingMessage Message, MediaFrame Frame);
