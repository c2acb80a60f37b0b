using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Media.Streams;

/// <summary>
/// The messages since the last key frame, already encoded, for late joiners. They are kept in pieces of a write's size: a crowd that joins at
/// once is sent the same few pieces of memory. When a cap is exceeded the cache is given up until the next key frame: half a GOP is of no use.
/// Not thread-safe: the stream's lock guards it.
/// </summary>
internal sealed class GopCache(StreamOptions options)
{
    /// <summary>A piece is closed when it has this many bytes: the first leaves in one write of 64 KiB with the answers and headers before it.</summary>
    private const int PieceBytes = 48 * 1024;

    private readonly List<MessageBatch> _pieces = [];
    private readonly List<MediaFrame> _frames = [];
    private uint _began;
    private long _bytes;
    private bool _open;

    /// <summary>The messages, in pieces.</summary>
    public IReadOnlyList<MessageBatch> Pieces => _pieces;

    /// <summary>What the messages are, one after the other.</summary>
    public IReadOnlyList<MediaFrame> Frames => _frames;

    public bool IsEmpty => _frames.Count == 0;

    /// <summary>The timestamp of the first message.</summary>
    public uint Began => _began;

    /// <summary>Tracks of which it has a key frame.</summary>
    public TrackSet Opens { get; private set; }

    /// <summary>Whether every frame in it can be decoded by who gets nothing else.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Adds a message, or begins anew when it is a key frame of the default track.</summary>
    /// <returns>False when the cache was just given up.</returns>
    public bool Add(OutgoingMessage message, in MediaFrame frame, bool startsGop)
    {
        if (startsGop)
        {
            Clear();
            (_open, _began, IsWhole) = (true, message.Timestamp, true);
        }
        if (!_open)
            return true;
        if (Exceeds(message))
        {
            Clear();
            return false;
        }
        if (_pieces.Count == 0 || _pieces[^1].WireLength + message.WireLength > PieceBytes)
            _pieces.Add(new MessageBatch());
        _pieces[^1].Add(message.AddReference());
        _frames.Add(frame);
        _bytes += message.PayloadLength;
        if (frame.Kind == FrameKind.Key)
            Opens = Opens.Union(frame.Tracks);
        else if (frame.Kind is FrameKind.Inter or FrameKind.Disposable)
            IsWhole &= Opens.Contains(frame.Tracks);
        return true;
    }

    /// <summary>Gives everything up until the next key frame.</summary>
    public void Clear()
    {
        foreach (var piece in _pieces)
            piece.Clear();
        // The first is used again: the GOPs of a small stream have no second.
        if (_pieces.Count > 1)
            _pieces.RemoveRange(1, _pieces.Count - 1);
        _frames.Clear();
        (_bytes, _open, Opens) = (0, false, default);
    }

    private bool Exceeds(OutgoingMessage message)
    {
        if (_bytes + message.PayloadLength > options.GopCacheBytes || _frames.Count >= options.GopCacheMessages)
            return true;
        // A clock that was set back makes the age negative, and is as good a reason.
        return !IsEmpty && Math.Abs((long)RtmpTime.Between(_began, message.Timestamp)) > options.GopCacheDuration.TotalMilliseconds;
    }
}
