using System.Collections.Immutable;
using System.ComponentModel;
using FFMpegCore;

namespace RoomGrains.Workers.Processes;

/// <summary>What FFmpeg on this machine can do.</summary>
/// <param name="Capabilities">As <see cref="Grains.Jobs.MediaWorkerStatus.Capabilities"/>.</param>
/// <param name="Trouble">Why it cannot be used; empty where it can.</param>
internal sealed record FfmpegTools(ImmutableArray<string> Capabilities, string Trouble)
{
    /// <summary>The capability of having FFmpeg at all.</summary>
    public const string Ffmpeg = "ffmpeg";

    /// <summary>Before anybody has looked.</summary>
    public static FfmpegTools Unknown { get; } = new([], "This node has not looked yet what its FFmpeg can do.");

    /// <summary>The capability of having an encoder.</summary>
    public static string Encoder(string name) => $"encoder:{name}";

    /// <summary>Looks.</summary>
    public static async Task<FfmpegTools> FindAsync()
    {
        foreach (var program in (string[])["ffmpeg", "ffprobe"])
            if (!ProcessLauncher.IsOnPath(program))
                return new([], $"There is no {program} on the path of this node.");
        try
        {
            // It runs ffmpeg three times, and waits.
            var codecs = await Task.Run(() => FFMpeg.GetCodecs(new FFOptions { UseCache = false })).ConfigureAwait(false);
            return new([Ffmpeg, .. codecs.Where(codec => codec.EncodingSupported).Select(codec => Encoder(codec.Name)).Distinct().Order(StringComparer.Ordinal)], "");
        }
        catch (Exception e) when (e is Win32Exception or IOException or InvalidOperationException or FFMpegCore.Exceptions.FFMpegException)
        {
            return new([], $"FFmpeg does not run here: {PlainText.Of(e.Message)}");
        }
    }
}
