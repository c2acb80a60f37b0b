namespace RoomGrains.Media;

/// <summary>Whether a stream has a publisher.</summary>
public enum StreamState
{
    /// <summary>Players wait; nobody publishes.</summary>
    Waiting = 1,
    /// <summary>It is being published.</summary>
    Live = 2,
    /// <summary>The publisher's connection was lost; the grace period runs.</summary>
    Lost = 3,
}

/// <summary>A stream of this node as it is now.</summary>
public sealed record StreamStatistics
{
    /// <summary><c>application/room/stream</c>.</summary>
    public required string Path { get; init; }
    /// <summary>Whether it has a publisher.</summary>
    public required StreamState State { get; init; }
    /// <summary>The epoch of the publication; 0 while nobody publishes.</summary>
    public long Epoch { get; init; }
    /// <summary>For example <c>H.264</c>; empty when there is no video.</summary>
    public string VideoCodec { get; init; } = "";
    /// <summary>For example <c>AAC</c>; empty when there is no audio.</summary>
    public string AudioCodec { get; init; } = "";
    /// <summary>Pixels, by onMetaData; 0 where it doesn't say.</summary>
    public int Width { get; init; }
    /// <summary>Pixels, by onMetaData; 0 where it doesn't say.</summary>
    public int Height { get; init; }
    /// <summary>Video frames a second over the last window (about a second) of the default track.</summary>
    public double FrameRate { get; init; }
    /// <summary>Payload bits a second over the last window.</summary>
    public long BitsPerSecond { get; init; }
    /// <summary>Players on this node.</summary>
    public int Players { get; init; }
    /// <summary>Nodes that pull the stream from here.</summary>
    public int Relays { get; init; }
    /// <summary>How long nothing has come from the publisher.</summary>
    public TimeSpan Silence { get; init; }
    /// <summary>Payload bytes from publishers since the stream appeared.</summary>
    public long BytesReceived { get; init; }
    /// <summary>Bytes queued to players since the stream appeared, chunk headers included.</summary>
    public long BytesQueued { get; init; }
    /// <summary>Frames that slow players have missed since the stream appeared.</summary>
    public long FramesDropped { get; init; }
}
