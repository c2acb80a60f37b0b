using RoomGrains.Rtmp.Enhanced;

namespace RoomGrains.Rtmp.Tests.Enhanced;

/// <summary>A media message and what it is. "Real" ones were captured from FFmpeg 8.1 and OBS.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Hex">The payload.</param>
/// <param name="Codec">The codec's name.</param>
/// <param name="Kind">What the media path takes it for.</param>
/// <param name="Tracks">The tracks, each with the length of its body.</param>
public sealed record HeaderCase(string Name, string Hex, string Codec, string Kind, string Tracks)
{
    public byte[] Bytes => Convert.FromHexString(Hex.Replace(" ", "", StringComparison.Ordinal));

    public override string ToString() => Name;
}

internal static class HeaderCases
{
    public static IReadOnlyList<HeaderCase> Video { get; } =
    [
        new("real: H.264 sequence header", "17 00 000000 01640028", "H.264", "sequence header", "0:4"),
        new("H.264 key frame", "17 01 000050 00000001 65", "H.264", "key 80 ms", "0:5"),
        new("H.264 inter frame, composition time below 0", "27 01 FFFFFF 00000001 41", "H.264", "inter -1 ms", "0:5"),
        new("H.264 disposable frame", "37 01 000000 00", "H.264", "disposable", "0:1"),
        new("H.264 generated key frame", "47 01 000000 00", "H.264", "key", "0:1"),
        new("H.264 end of sequence", "17 02 000000", "H.264", "other", "0:0"),
        new("H.264 end of sequence, without its time", "17 02", "H.264", "other", "0:0"),
        new("H.264 with a packet type that does not exist", "17 03 000000", "H.264", "other", "0:0"),
        new("FLV command", "57 00", "H.264", "command", "0:1"),
        new("Sorenson key frame", "12 00", "Sorenson H.263", "key", "0:1"),
        new("VP6 with no bytes", "24", "VP6", "inter", "0:0"),
        new("HEVC of the Chinese dialect, sequence header", "1C 00 000000 01", "HEVC", "sequence header", "0:1"),
        new("HEVC of the Chinese dialect, key frame", "1C 01 000028 00", "HEVC", "key 40 ms", "0:1"),
        new("AV1 of the Chinese dialect", "2D 01 000000 00", "AV1", "inter", "0:1"),
        new("empty", "", "none", "empty", ""),
        new("real: HEVC sequence header", "90 68766331 01", "HEVC", "sequence header", "0:1"),
        new("real: HEVC frame, composition time 80 ms", "91 68766331 000050 00", "HEVC", "key 80 ms", "0:1"),
        new("HEVC frame without composition time", "A3 68766331 00", "HEVC", "inter", "0:1"),
        new("real: metadata with frame type 5", "D4 68766331 02 0009 636F6C6F72496E666F 03 000009", "HEVC", "metadata", "0:16"),
        new("command", "D1 00", "none", "command", "0:1"),
        new("real: OneTrack sequence header of track 1", "96 00 68766331 01 01", "HEVC", "sequence header", "1:1"),
        new("OneTrack frame, composition time in its track", "96 01 61766331 02 000050 00", "H.264", "key", "2:4"),
        new("ManyTracks", "A6 13 68766331 00 000002 AABB 01 000001 CC", "HEVC", "inter", "0:2 1:1"),
        new("ManyTracksManyCodecs", "96 20 68766331 00 000001 AA 61763031 01 000002 BBCC", "HEVC", "sequence header", "0:1 1:2"),
        new("AV1 frame", "91 61763031 0A", "AV1", "key", "0:1"),
        new("VP9 disposable frame", "B1 76703039 00", "VP9", "disposable", "0:1"),
        new("VP8 end of sequence", "92 76703038", "VP8", "other", "0:0"),
        new("AV1 configuration as in a transport stream", "95 61763031 80", "AV1", "sequence header", "0:1"),
        new("VVC frame", "91 76766331 000000 00", "VVC", "key", "0:1"),
        new("unknown FourCC", "91 58595A20 00", "XYZ ", "key", "0:1"),
        new("reserved packet type", "9F 68766331 00", "HEVC", "other", "0:1"),
        new("ModEx with nanoseconds", "97 02 0F423F 01 68766331 000000 00", "HEVC", "key +999999 ns", "0:1"),
        new("ModEx of an unknown type", "97 00 FF F3 68766331 00", "HEVC", "key", "0:1"),
        new("ModEx twice", "97 02 000001 07 02 000002 03 68766331 00", "HEVC", "key +2 ns", "0:1"),
        new("ModEx with a 16-bit size", "97 FF 0100" + new string('0', 2 * 257) + "13 68766331 00", "HEVC", "key", "0:1"),
        new("ModEx before Multitrack", "97 02 000001 06 03 68766331 05 00", "HEVC", "key +1 ns", "5:1"),
    ];

    /// <summary>Cut short, or not to be walked.</summary>
    public static IReadOnlyList<string> BrokenVideo { get; } =
    [
        "17", "1701", "17010000", "57", "1C", "90", "90687663", "9168766331", "916876633100", "D1", "96", "9600", "960068766331", "9613687663310100000200",
        "9620687663310000000100AA", "96", "9666", "9630", "97", "9702", "970200000F", "9702 0F423F", "97FF", "97FF00", "96066876633100", "968368766331000000",
    ];

    public static IReadOnlyList<HeaderCase> Audio { get; } =
    [
        new("real: AAC configuration", "AF 00 1210 56E500", "AAC", "sequence header", "0:5"),
        new("AAC frame", "AF 01 21", "AAC", "frame", "0:1"),
        new("AAC with a packet type that does not exist", "AF 02", "AAC", "other", "0:0"),
        new("MP3", "2F FFFB", "MP3", "frame", "0:2"),
        new("Speex", "B2 00", "Speex", "frame", "0:1"),
        new("A-law", "72", "G.711 A-law", "frame", "0:0"),
        new("empty: silence", "", "PCM", "empty", ""),
        new("real: Opus header", "90 4F707573 4F70757348656164 0102", "Opus", "sequence header", "0:10"),
        new("Opus frame", "91 4F707573 FC", "Opus", "frame", "0:1"),
        new("real: channel order", "94 4F707573 01 02 00000003", "Opus", "configuration", "0:6"),
        new("real: OneTrack AAC configuration of track 1", "95 00 6D703461 01 1190 56E500", "AAC", "sequence header", "1:5"),
        new("ManyTracksManyCodecs", "95 21 6D703461 00 000001 AA 4F707573 01 000001 BB", "AAC", "frame", "0:1 1:1"),
        new("FLAC header", "90 664C6143 664C6143", "FLAC", "sequence header", "0:4"),
        new("AC-3 frame", "91 61632D33 0B77", "AC-3", "frame", "0:2"),
        new("E-AC-3 end of sequence", "92 65632D33", "E-AC-3", "other", "0:0"),
        new("MP3 by FourCC", "91 2E6D7033 FFFB", "MP3", "frame", "0:2"),
        new("6 is reserved in audio", "96 6D703461 00", "AAC", "other", "0:1"),
        new("ModEx with nanoseconds", "97 02 000064 01 4F707573 FC", "Opus", "frame +100 ns", "0:1"),
    ];

    public static IReadOnlyList<string> BrokenAudio { get; } = ["AF", "90", "904F7075", "95", "9500", "95004F707573", "9555", "9710", "9702000064"];

    public static string Describe(in VideoHeader h) =>
        (h.IsEmpty ? "empty" : h.IsCommand ? "command" : h.IsSequenceHeader ? "sequence header" : h.IsMetadata ? "metadata" : h.IsKeyFrame ? "key"
            : h.IsDisposable ? "disposable" : h.IsInterFrame ? "inter" : "other")
        + (h.CompositionTime != 0 ? $" {h.CompositionTime} ms" : "") + (h.NanosecondOffset != 0 ? $" +{h.NanosecondOffset} ns" : "");

    public static string Describe(in AudioHeader h) =>
        (h.IsEmpty ? "empty" : h.IsSequenceHeader ? "sequence header" : h.IsConfiguration ? "configuration" : h.IsFrame ? "frame" : "other")
        + (h.NanosecondOffset != 0 ? $" +{h.NanosecondOffset} ns" : "");

    public static string Describe(MediaTracks tracks)
    {
        var text = new List<string>();
        foreach (var track in tracks)
            text.Add($"{track.TrackId}:{track.Length}");
        return string.Join(' ', text);
    }
}
