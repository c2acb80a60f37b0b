using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Chunks;

/// <summary>
/// What a peer may make a <see cref="ChunkReader"/> hold. Without limits one peer could declare 16 MiB on each of 65 598 chunk streams.
/// </summary>
public sealed record ChunkReaderLimits
{
    /// <summary>For a peer that isn't accepted yet: commands and control messages have to fit, nothing else.</summary>
    public static ChunkReaderLimits BeforeAccept { get; } = new()
    {
        // The longest connect of the known clients has less than 1 KiB; tokens in user arguments may add some. The queue of a pending
        // connection holds 64 KiB, so a longer message couldn't be kept anyway.
        MaxMessageLength = 64 * 1024,
        // Media isn't allowed before the answer to connect; the session says so when it sees one. Here it only has to stay small.
        MaxAudioLength = 64 * 1024,
        MaxVideoLength = 64 * 1024,
        // The longest control message of the protocol is the SWF verification response: 44 bytes.
        MaxControlLength = 256,
        // Known clients use two or three before their connect is answered: 2 for control, 3 for commands.
        MaxChunkStreams = 8,
        // One message of the largest size and a little of others beside it.
        MaxBytesInAssembly = 80 * 1024,
    };

    /// <summary>For an accepted peer.</summary>
    public static ChunkReaderLimits AfterAccept { get; } = new()
    {
        // onMetaData has less than 2 KiB; a shared object with a room's chat history is the largest that is usual.
        MaxMessageLength = 256 * 1024,
        // A second of 24-bit PCM in 8 channels at 48 kHz has 1.1 MB; AAC frames have less than 8 KiB.
        MaxAudioLength = 1024 * 1024,
        // A key frame of 4K video at 80 Mbit/s has about 2 MB; intra-only codecs send such frames throughout.
        MaxVideoLength = 8 * 1024 * 1024,
        MaxControlLength = 256,
        // nginx-rtmp's max_streams is 32, and its users don't have to raise it.
        MaxChunkStreams = 32,
        // A video and an audio message of the largest sizes, interleaved, and as much again.
        MaxBytesInAssembly = 16 * 1024 * 1024,
    };

    /// <summary>The longest command, data or shared-object message, and the longest of an unknown type, in bytes.</summary>
    public required int MaxMessageLength { get; init; }

    /// <summary>The longest audio message in bytes.</summary>
    public required int MaxAudioLength { get; init; }

    /// <summary>The longest video message, and the longest aggregate, in bytes.</summary>
    public required int MaxVideoLength { get; init; }

    /// <summary>The longest protocol or user control message in bytes.</summary>
    public required int MaxControlLength { get; init; }

    /// <summary>How many chunk streams may be in use. They live as long as the connection, since headers build on earlier ones.</summary>
    public required int MaxChunkStreams { get; init; }

    /// <summary>
    /// How many bytes of unfinished messages the connection may hold. Buffers grow by doubling, so the memory held is at most twice this,
    /// and a sixteenth for first buffers.
    /// </summary>
    public required int MaxBytesInAssembly { get; init; }

    internal int MaxLength(MessageType type) => type switch
    {
        MessageType.Audio => MaxAudioLength,
        MessageType.Video or MessageType.Aggregate => MaxVideoLength,
        >= MessageType.SetChunkSize and <= MessageType.SetPeerBandwidth => MaxControlLength,
        _ => MaxMessageLength,
    };

    // With its first byte a message gets a buffer of this size, if it is that long. Headers and single bytes on all chunk streams together
    // then hold a sixteenth of the limit: 5 KiB before acceptance, 1 MiB after it (32 KiB each, which most frames fit).
    internal int FirstBufferLength => Math.Max(1, MaxBytesInAssembly / MaxChunkStreams / 16);
}
