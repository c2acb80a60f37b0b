using System.Buffers.Binary;
using System.Globalization;

namespace RoomGrains.Rtmp.Enhanced;

/// <summary>What people want to know of a video stream, from its configuration record. For display only; decoders read the record itself.</summary>
/// <param name="Profile">For example <c>High</c> or <c>Main 10</c>; <c>profile 42</c> for an unknown one.</param>
/// <param name="Level">For example <c>4.0</c>.</param>
public readonly record struct VideoConfiguration(string Profile, string Level)
{
    /// <summary>Reads the configuration out of a sequence header of H.264 or HEVC: of its first track.</summary>
    public static bool TryParse(in VideoHeader header, ReadOnlySpan<byte> payload, out VideoConfiguration configuration)
    {
        configuration = default;
        var tracks = header.GetTracks(payload);
        if (!header.IsSequenceHeader || !tracks.MoveNext())
            return false;
        var record = payload.Slice(tracks.Current.Offset, tracks.Current.Length);
        return header.Codec.IsAvc ? TryParseAvc(record, out configuration) : header.Codec.IsHevc && TryParseHevc(record, out configuration);
    }

    /// <summary>AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3): <c>01 profile constraints level …</c></summary>
    internal static bool TryParseAvc(ReadOnlySpan<byte> record, out VideoConfiguration configuration)
    {
        configuration = default;
        if (record.Length < 4 || record[0] != 1)
            return false;
        var (profile, constraints, level) = (record[1], record[2], record[3]);
        // Level 1b is 9, or in the older profiles 11 with a constraint bit.
        var is1b = level == 9 || (level == 11 && profile is 66 or 77 or 88 && (constraints & 0x10) != 0);
        configuration = new VideoConfiguration(profile switch
        {
            66 when (constraints & 0x40) != 0 => "Constrained Baseline",
            66 => "Baseline",
            77 => "Main",
            88 => "Extended",
            100 => "High",
            110 => "High 10",
            122 => "High 4:2:2",
            244 => "High 4:4:4",
            _ => Unknown(profile),
        }, is1b ? "1b" : string.Create(CultureInfo.InvariantCulture, $"{level / 10}.{level % 10}"));
        return true;
    }

    /// <summary>HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3): <c>01 space/tier/profile, u32 flags, 6 bytes, level …</c></summary>
    internal static bool TryParseHevc(ReadOnlySpan<byte> record, out VideoConfiguration configuration)
    {
        configuration = default;
        if (record.Length < 13 || record[0] != 1)
            return false;
        var (profile, level) = (record[1] & 0x1F, record[12]);
        configuration = new VideoConfiguration(profile switch
        {
            1 => "Main",
            2 => "Main 10",
            3 => "Main Still Picture",
            4 => "Range Extensions",
            _ => Unknown(profile),
        }, string.Create(CultureInfo.InvariantCulture, $"{level / 30}.{level % 30 / 3}"));
        return true;
    }

    private static string Unknown(int profile) => string.Create(CultureInfo.InvariantCulture, $"profile {profile}");
}

/// <summary>What people want to know of an audio stream, from its configuration record. For display only.</summary>
/// <param name="Profile">For example <c>LC</c> or <c>HE-AAC</c>; empty for codecs without profiles.</param>
/// <param name="SampleRate">Samples a second.</param>
/// <param name="Channels">The number of channels; 0 where the record says it in a form of its own.</param>
public readonly record struct AudioConfiguration(string Profile, int SampleRate, int Channels)
{
    private static ReadOnlySpan<int> AacRates => [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

    /// <summary>Reads the configuration out of a sequence header of AAC or Opus: of its first track.</summary>
    public static bool TryParse(in AudioHeader header, ReadOnlySpan<byte> payload, out AudioConfiguration configuration)
    {
        configuration = default;
        var tracks = header.GetTracks(payload);
        if (!header.IsSequenceHeader || !tracks.MoveNext())
            return false;
        var record = payload.Slice(tracks.Current.Offset, tracks.Current.Length);
        if (header.Codec.IsAac)
            return TryParseAac(record, out configuration);
        // RFC 7845 §5.1: "OpusHead", version, channels. Opus always plays at 48 kHz.
        if (header.Codec.Value != FourCc.Of("Opus"u8) || record.Length < 10 || !record.StartsWith("OpusHead"u8))
            return false;
        configuration = new AudioConfiguration("", 48000, record[9]);
        return true;
    }

    /// <summary>AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1): 5 bits object type, 4 bits rate, 4 bits channels, each with an escape.</summary>
    internal static bool TryParseAac(ReadOnlySpan<byte> record, out AudioConfiguration configuration)
    {
        configuration = default;
        // The longest form of what is read here: 11 + 28 + 4 + 28 bits.
        Span<byte> bits = stackalloc byte[16];
        record[..Math.Min(record.Length, bits.Length)].CopyTo(bits);
        var left = BinaryPrimitives.ReadUInt128BigEndian(bits);
        var read = 0;
        var objectType = Take(5);
        if (objectType == 31)
            objectType = 32 + Take(6);
        var rate = TakeRate();
        var channels = Take(4);
        // With SBR the rate that is heard comes after the one that is coded.
        if (objectType is 5 or 29)
            rate = TakeRate();
        if (read > record.Length * 8 || rate == 0)
            return false;
        configuration = new AudioConfiguration(objectType switch
        {
            1 => "Main",
            2 => "LC",
            3 => "SSR",
            4 => "LTP",
            5 => "HE-AAC",
            29 => "HE-AAC v2",
            42 => "xHE-AAC",
            _ => string.Create(CultureInfo.InvariantCulture, $"object type {objectType}"),
        }, rate, channels switch { < 7 => channels, 7 or 12 or 14 => 8, 11 => 7, _ => 0 });
        return true;

        int Take(int count)
        {
            var value = (int)(uint)(left >> (128 - count));
            left <<= count;
            read += count;
            return value;
        }

        int TakeRate() => Take(4) switch
        {
            15 => Take(24),
            var index when index < AacRates.Length => AacRates[index],
            _ => 0,
        };
    }
}
