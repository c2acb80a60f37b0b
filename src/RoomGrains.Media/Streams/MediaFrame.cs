using System.Numerics;

namespace RoomGrains.Media.Streams;

/// <summary>What a message is to the caches and to the policy for slow players.</summary>
internal enum FrameKind : byte
{
    /// <summary>A data message. The kind of <c>default</c>.</summary>
    Data,
    Audio,
    Key,
    Inter,
    /// <summary>An inter frame that no other frame needs.</summary>
    Disposable,
    /// <summary>A sequence header or what belongs to it.</summary>
    Header,
    /// <summary>Ends of sequence, video commands, and what nobody knows: forwarded as it is.</summary>
    Other,
}

/// <summary>The tracks that a message is about, by their ids; 63 and above are one, which is never cached.</summary>
internal readonly record struct TrackSet(ulong Bits)
{
    public const int Last = 63;

    public bool IsEmpty => Bits == 0;

    /// <summary>The lowest id; 64 when there is none.</summary>
    public int Lowest => BitOperations.TrailingZeroCount(Bits);

    public static TrackSet Of(int track) => new(1UL << Math.Min(track, Last));

    public bool Contains(TrackSet other) => (other.Bits & ~Bits) == 0;

    public bool Intersects(TrackSet other) => (other.Bits & Bits) != 0;

    public TrackSet Union(TrackSet other) => new(Bits | other.Bits);

    public TrackSet Except(TrackSet other) => new(Bits & ~other.Bits);
}

/// <summary>What the hub knows of an audio or video message.</summary>
/// <param name="Kind">What it is to caches and policy.</param>
/// <param name="IsVideo">Video or audio.</param>
/// <param name="Tracks">Its tracks; empty where it has none.</param>
/// <param name="Header">Which header, where it is one.</param>
/// <param name="Codec">The display name of the codec; null where it doesn't say.</param>
internal readonly record struct MediaFrame(FrameKind Kind, bool IsVideo, TrackSet Tracks, HeaderKind Header, string? Codec)
{
    /// <summary>Whether it shows a picture.</summary>
    public bool IsPicture => Kind is FrameKind.Key or FrameKind.Inter or FrameKind.Disposable;

    public static MediaFrame OfAudio(ReadOnlySpan<byte> payload) =>
        new(payload.Length > 1 && payload[0] >> 4 == 10 && payload[1] == 0 ? FrameKind.Header : FrameKind.Audio, false, TrackSet.Of(0), HeaderKind.AudioConfiguration, null);

    public static MediaFrame OfVideo(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 2 || payload[0] >= 0x80)
            return new(FrameKind.Other, true, default, default, null);
        var kind = payload[1] == 0 ? FrameKind.Header : (payload[0] >> 4) switch { 1 or 4 => FrameKind.Key, 2 => FrameKind.Inter, 3 => FrameKind.Disposable, _ => FrameKind.Other };
        return new(kind, true, TrackSet.Of(0), HeaderKind.VideoConfiguration, null);
    }
}
