namespace RoomGrains.Media;

/// <summary>Settings of the streams on a node. Every default has its origin in its comment; every limit is counted by a metric when it bites.</summary>
public sealed class StreamOptions
{
    /// <summary>
    /// The chunk size, in bytes, that players are told and messages are cut to. One for the whole process: a message is encoded once for
    /// all players. 60 000 as in SRS: nearly every frame fits one chunk, and is then shared as it was received, without a copy.
    /// </summary>
    public int ChunkSize { get; set; } = 60_000;

    /// <summary>
    /// How long a stream whose publisher's connection was lost keeps its players before they are told that it ended. 5 s: an encoder that
    /// reconnects at once is back by then; most players end on the notice and don't come back by themselves.
    /// </summary>
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether late joiners wait for the next key frame instead of getting the cached GOP: less delay, a later first picture. Off, as in
    /// SRS: a first picture within a second is what viewers notice.
    /// </summary>
    public bool LowLatency { get; set; }

    /// <summary>
    /// How long a picture waits so that more can leave in one write. Nothing by default: a picture leaves at once. A write costs the kernel
    /// about the same whatever it carries, so a window saves processor time and costs delay: 350 ms is what SRS takes by default. A stream that
    /// passes through another node is held back there only.
    /// </summary>
    public TimeSpan MergeWindow { get; set; }

    /// <summary>
    /// How long sound may wait for a picture to leave with, where the stream has pictures. 70 ms: a frame's time at 15 frames a second; at 30 it
    /// waits for half of that at the most. It halves the writes of a stream, and players keep more than that in store. Zero sends sound at once.
    /// </summary>
    public TimeSpan AudioMergeWindow { get; set; } = TimeSpan.FromMilliseconds(70);

    /// <summary>Payload bytes in one stream's GOP cache. 16 MiB: 10 s at 12 Mb/s. Above it joiners wait for the next key frame.</summary>
    public int GopCacheBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Messages in one stream's GOP cache. 2500 as in SRS. Above it joiners wait for the next key frame.</summary>
    public int GopCacheMessages { get; set; } = 2500;

    /// <summary>
    /// The longest GOP that is cached, by its timestamps. 12 s: x264's default of 250 frames is 10 s at 25 frames a second. A publisher
    /// that sends no second key frame would grow it for ever.
    /// </summary>
    public TimeSpan GopCacheDuration { get; set; } = TimeSpan.FromSeconds(12);

    /// <summary>
    /// Bytes of metadata and sequence headers that one stream keeps for late joiners. 1 MiB; usual is 1 KiB a track. A header for which there
    /// is no room is forwarded, not kept.
    /// </summary>
    public int HeaderCacheBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// Bytes waiting for a player above which it gets no disposable frames. 1 MiB: 1 s at 8 Mb/s. What the kernel has taken doesn't count,
    /// here and below.
    /// </summary>
    public long DropDisposableAbove { get; set; } = 1024 * 1024;

    /// <summary>The same by the age of the oldest that waits, for streams of few bits.</summary>
    public TimeSpan DropDisposableAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Bytes waiting for a player above which it gets no video until a key frame finds less. 2 MiB: 2 s at 8 Mb/s.</summary>
    public long DropInterAbove { get; set; } = 2 * 1024 * 1024;

    /// <summary>The same by the age of the oldest that waits.</summary>
    public TimeSpan DropInterAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Bytes waiting for a player above which it gets no audio and no data either. 4 MiB: sound is missed more than pictures, so it goes last.</summary>
    public long DropAudioAbove { get; set; } = 4 * 1024 * 1024;

    /// <summary>The same by the age of the oldest that waits.</summary>
    public TimeSpan DropAudioAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes waiting for a player above which it is given up. 8 MiB, as in LiveStreamingServerNet. A joiner's GOP comes on top.</summary>
    public long MaxBacklogBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>
    /// The age of the oldest that waits above which a player is given up. 10 s: less than a player's own time-out, longer than a phone's
    /// change of network. SRS waits 30 s, nginx-rtmp and Node-Media-Server for ever.
    /// </summary>
    public TimeSpan MaxBacklogAge { get; set; } = TimeSpan.FromSeconds(10);
}
