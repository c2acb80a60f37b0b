using RoomGrains.Rtmp.Chunks;

namespace RoomGrains.Media.Streams;

/// <summary>
/// What a stream has sent and its players have not been given yet, with what the policy for players must know of it as a whole. Not
/// thread-safe: the stream's publishing lock guards it.
/// </summary>
internal sealed class StreamBatch(StreamOptions options, TimeProvider time)
{
    private readonly List<(MediaFrame Frame, long Version)> _frames = [];
    private readonly MergeWindow _window = new(options, time);

    /// <summary>The messages.</summary>
    public MessageBatch Messages { get; } = new();

    public bool IsEmpty => _frames.Count == 0;

    /// <summary>The number of its first message in the stream.</summary>
    public long First { get; private set; }

    /// <summary>The version of the headers that its newest frames need.</summary>
    public long Version { get; private set; }

    /// <summary>Tracks of which it holds a key frame.</summary>
    public TrackSet Opens { get; private set; }

    /// <summary>Tracks of which it holds frames whose key frame was sent before.</summary>
    public TrackSet Needs { get; private set; }

    /// <summary>What a message is, and the version of the headers that it needs.</summary>
    public (MediaFrame Frame, long Version) this[int index] => _frames[index];

    /// <summary>Adds a message, and takes the caller's reference to it.</summary>
    public void Add(OutgoingMessage message, in MediaFrame frame, long number, long version, long now)
    {
        if (IsEmpty)
            First = number;
        Version = Math.Max(Version, version);
        if (frame.Kind == FrameKind.Key)
            Opens = Opens.Union(frame.Tracks);
        else if (frame.Kind is FrameKind.Inter or FrameKind.Disposable)
            Needs = Needs.Union(frame.Tracks.Except(Opens));
        _frames.Add((frame, version));
        Messages.Add(message);
        _window.Add(frame, Messages.WireLength, now);
    }

    /// <summary>Whether it may wait no longer.</summary>
    public bool IsDue(long now) => _window.IsDue(now);

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        _frames.Clear();
        Messages.Clear();
        _window.Clear();
        (Version, Opens, Needs) = (0, default, default);
    }
}
