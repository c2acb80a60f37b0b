using RoomGrains.Testing;

namespace RoomGrains.Workers.Tests;

/// <summary>Test pictures with sound, published and measured with FFmpeg's own programs.</summary>
internal static class Film
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>Makes a file: 25 pictures a second with the number of each in them, a key frame each second, and sound.</summary>
    public static async Task<string> MakeAsync(TemporaryFolder folder, int seconds, params string[] more)
    {
        var file = Path.Combine(folder.Path, "film.flv");
        await FfmpegAsync(
        [
            "-f", "lavfi", "-i", $"testsrc2=s=320x180:r=25:d={seconds}", "-f", "lavfi", "-i", $"sine=440:d={seconds}:sample_rate=44100", "-c:v", "libx264", "-preset", "ultrafast",
            "-g", "25", "-keyint_min", "25", "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-c:a", "aac", .. more, "-f", "flv", file,
        ]);
        return file;
    }

    /// <summary>Publishes a file, so many times as fast as it plays.</summary>
    public static RunningProgram Publish(string file, string url, double rate = 1, bool forever = false) => RunningProgram.Start("ffmpeg",
    [
        "-nostdin", "-v", "error", .. forever ? new[] { "-stream_loop", "-1" } : [], "-readrate", FormattableString.Invariant($"{rate}"), "-i", file, "-c", "copy", "-f", "flv", url,
    ]);

    /// <summary>The MD5 of every frame of one stream of a file.</summary>
    public static async Task<string[]> FramesAsync(string file, string map) => [.. (await FrameLinesAsync(file, map)).Select(line => line[^1])];

    /// <summary>The MD5 of every frame as it lies in a file, in the order of the file, for each stream: <c>0</c> pictures, <c>1</c> sound.</summary>
    public static async Task<(string[] Video, string[] Audio)> FramesAsync(string file)
    {
        var lines = await FrameLinesAsync(file, "0:v", "0:a");
        return ([.. lines.Where(line => line[0] == "0").Select(line => line[^1])], [.. lines.Where(line => line[0] == "1").Select(line => line[^1])]);
    }

    /// <summary>What ffprobe says, each line once: of streams in programs it speaks twice.</summary>
    public static async Task<string> ProbeAsync(string file, params string[] arguments)
    {
        await using var ffprobe = RunningProgram.Start("ffprobe", ["-v", "error", "-of", "csv=p=0", .. arguments, file]);
        Assert.True(await ffprobe.ExitAsync(Limit) == 0, ffprobe.Output);
        return string.Join('\n', ffprobe.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => line.TrimEnd(',')).Distinct());
    }

    private static async Task<string[][]> FrameLinesAsync(string file, params string[] maps)
    {
        await using var ffmpeg = RunningProgram.Start(
            "ffmpeg", ["-nostdin", "-v", "error", "-i", file, .. maps.SelectMany(map => new[] { "-map", map }), "-c", "copy", "-f", "framemd5", "-"], binaryOutput: true);
        Assert.True(await ffmpeg.ExitAsync(Limit) == 0, ffmpeg.Output);
        return
        [
            .. System.Text.Encoding.ASCII.GetString(ffmpeg.Bytes.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#')
                .Select(line => line.Split(',', StringSplitOptions.TrimEntries)),
        ];
    }

    /// <summary>Runs ffmpeg.</summary>
    public static async Task FfmpegAsync(IEnumerable<string> arguments)
    {
        await using var ffmpeg = RunningProgram.Start("ffmpeg", ["-nostdin", "-v", "error", "-y", .. arguments]);
        Assert.True(await ffmpeg.ExitAsync(Limit) == 0, ffmpeg.Output);
    }
}
