using System.Globalization;

namespace RoomGrains.Rtmp.Enhanced;

/// <summary>A video codec: a FourCC of Enhanced RTMP, or an id of FLV (0 to 15).</summary>
/// <param name="Value">The FourCC as a number, or the id.</param>
public readonly record struct VideoCodec(uint Value)
{
    /// <summary>FLV's id of H.264.</summary>
    public const uint LegacyAvc = 7;
    /// <summary>The id of HEVC in the dialect of Chinese networks, older than Enhanced RTMP; laid out as H.264.</summary>
    public const uint LegacyHevc = 12;
    /// <summary>The id of AV1 in that dialect.</summary>
    public const uint LegacyAv1 = 13;
    /// <summary>The id of VVC in that dialect.</summary>
    public const uint LegacyVvc = 14;

    /// <summary>Whether this is a FourCC.</summary>
    public bool IsFourCc => Value > 15;

    /// <summary>Whether this is H.264, in either spelling.</summary>
    public bool IsAvc => Value == LegacyAvc || Value == FourCc.Of("avc1"u8);

    /// <summary>Whether this is HEVC, in any spelling.</summary>
    public bool IsHevc => Value == LegacyHevc || Value == FourCc.Of("hvc1"u8);

    /// <summary>Whether coded frames begin with a composition time: H.264, HEVC and VVC.</summary>
    public bool HasCompositionTime => IsAvc || IsHevc || Value == LegacyAv1 || Value == LegacyVvc || Value == FourCc.Of("vvc1"u8);

    /// <summary>The name for people.</summary>
    public string Name => Value switch
    {
        0 => "none",
        2 => "Sorenson H.263",
        3 => "Screen video",
        4 => "VP6",
        5 => "VP6 with alpha",
        6 => "Screen video 2",
        _ when IsAvc => "H.264",
        _ when IsHevc => "HEVC",
        LegacyAv1 => "AV1",
        LegacyVvc => "VVC",
        < 16 => string.Create(CultureInfo.InvariantCulture, $"video {Value}"),
        _ when Value == FourCc.Of("av01"u8) => "AV1",
        _ when Value == FourCc.Of("vvc1"u8) => "VVC",
        _ when Value == FourCc.Of("vp08"u8) => "VP8",
        _ when Value == FourCc.Of("vp09"u8) => "VP9",
        _ => FourCc.Text(Value),
    };

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>An audio codec: a FourCC of Enhanced RTMP, or a sound format of FLV (0 to 15).</summary>
/// <param name="Value">The FourCC as a number, or the format.</param>
public readonly record struct AudioCodec(uint Value)
{
    /// <summary>FLV's sound format of AAC.</summary>
    public const uint LegacyAac = 10;

    /// <summary>Whether this is a FourCC.</summary>
    public bool IsFourCc => Value > 15;

    /// <summary>Whether this is AAC, in either spelling.</summary>
    public bool IsAac => Value == LegacyAac || Value == FourCc.Of("mp4a"u8);

    /// <summary>The name for people.</summary>
    public string Name => Value switch
    {
        0 or 3 => "PCM",
        1 => "ADPCM",
        2 or 14 => "MP3",
        4 or 5 or 6 => "Nellymoser",
        7 => "G.711 A-law",
        8 => "G.711 µ-law",
        _ when IsAac => "AAC",
        11 => "Speex",
        15 => "device-specific",
        < 16 => string.Create(CultureInfo.InvariantCulture, $"audio {Value}"),
        _ when Value == FourCc.Of("Opus"u8) => "Opus",
        _ when Value == FourCc.Of("fLaC"u8) => "FLAC",
        _ when Value == FourCc.Of("ac-3"u8) => "AC-3",
        _ when Value == FourCc.Of("ec-3"u8) => "E-AC-3",
        _ when Value == FourCc.Of(".mp3"u8) => "MP3",
        _ => FourCc.Text(Value),
    };

    /// <inheritdoc/>
    public override string ToString() => Name;
}
