using System.Numerics;
using RoomGrains.Rtmp.Enhanced;

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

/// <summary>The tracks that a message is about, by their ids. Encoders use half a dozen: 63 and above count as one, whose headers are not kept.</summary>
internal readonly record struct TrackSet(ulong Bits)
{
    private const int Last = 63;

    public bool IsBeyondCount => Bits >> Last != 0;

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
/// <param name="Codec">The codec: FourCC or FLV id.</param>
/// <param name="Header">Which header, where it is one.</param>
internal readonly record struct MediaFrame(FrameKind Kind, bool IsVideo, TrackSet Tracks, uint Codec, HeaderKind Header = default)
{
    /// <summary>Whether it shows a picture.</summary>
    public bool IsPicture => Kind is FrameKind.Key or FrameKind.Inter or FrameKind.Disposable;

    /// <summary>Reads an audio message; false when it is malformed. One without bytes is a silence (Enhanced RTMP), and goes to the players.</summary>
    public static bool TryReadAudio(ReadOnlySpan<byte> payload, out MediaFrame frame)
    {
        var isWhole = AudioHeader.TryParse(payload, out var header);
        frame = new MediaFrame(
            header.IsConfiguration ? FrameKind.Header : FrameKind.Audio,
            IsVideo: false,
            isWhole ? TracksOf(header.GetTracks(payload)) : default,
            header.Codec.Value,
            header.IsSequenceHeader ? HeaderKind.AudioConfiguration : HeaderKind.AudioChannels);
        return isWhole;
    }

    /// <summary>Reads a video message; false when it is malformed.</summary>
    public static bool TryReadVideo(ReadOnlySpan<byte> payload, out MediaFrame frame)
    {
        var isWhole = VideoHeader.TryParse(payload, out var header);
        frame = new MediaFrame(
            header switch
            {
                { IsConfiguration: true } => FrameKind.Header,
                { IsKeyFrame: true } => FrameKind.Key,
                { IsDisposable: true } => FrameKind.Disposable,
                { IsInterFrame: true } => FrameKind.Inter,
                _ => FrameKind.Other,
            },
            IsVideo: true,
            isWhole ? TracksOf(header.GetTracks(payload)) : default,
            header.Codec.Value,
            header.IsSequenceHeader ? HeaderKind.VideoConfiguration : HeaderKind.VideoColor);
        return isWhole;
    }

    private static TrackSet TracksOf(MediaTracks tracks)
    {
        var set = default(TrackSet);
        foreach (var track in tracks)
            set = set.Union(TrackSet.Of(track.TrackId));
        return set;
    }
}
