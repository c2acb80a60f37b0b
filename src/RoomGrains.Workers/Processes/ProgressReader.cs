using System.Globalization;

namespace RoomGrains.Workers.Processes;

/// <summary>How far FFmpeg says it is.</summary>
/// <param name="MediaTime">How much of the stream it has written.</param>
/// <param name="Frames">Pictures it has written.</param>
/// <param name="Bytes">Bytes it has written; 0 where it does not know.</param>
/// <param name="Speed">Media time by real time.</param>
internal sealed record FfmpegProgress(TimeSpan MediaTime, long Frames, long Bytes, double Speed)
{
    /// <summary>Nothing yet.</summary>
    public static FfmpegProgress None { get; } = new(TimeSpan.Zero, 0, 0, 0);

    /// <summary>Whether anything was written since.</summary>
    public bool IsBeyond(FfmpegProgress before) => MediaTime > before.MediaTime || Frames > before.Frames || Bytes > before.Bytes;
}

/// <summary>
/// Reads what <c>-progress</c> writes among the lines of the log: blocks of <c>key=value</c>, each ended by <c>progress=continue</c> or <c>progress=end</c>.
/// Values that FFmpeg does not know are <c>N/A</c>.
/// </summary>
internal sealed class ProgressReader
{
    private static readonly HashSet<string> Keys = new(StringComparer.Ordinal)
    {
        "frame", "fps", "bitrate", "total_size", "out_time_us", "out_time_ms", "out_time", "dup_frames", "drop_frames", "speed", "progress",
    };

    private FfmpegProgress _next = FfmpegProgress.None;

    /// <summary>The last whole block.</summary>
    public FfmpegProgress Last { get; private set; } = FfmpegProgress.None;

    /// <summary>Takes a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="isBlock">Whether a block is whole with it.</param>
    /// <returns>False when it is no line of progress.</returns>
    public bool TryTake(string line, out bool isBlock)
    {
        isBlock = false;
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || !IsKey(line[..equals]))
            return false;
        var value = line.AsSpan(equals + 1).Trim();
        switch (line[..equals])
        {
            case "frame" when long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var frames):
                _next = _next with { Frames = frames };
                break;
            case "total_size" when long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes):
                _next = _next with { Bytes = bytes };
                break;
            // Negative before the first packet.
            case "out_time_us" when long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var microseconds)
                && microseconds is > 0 and < long.MaxValue / TimeSpan.TicksPerMicrosecond:
                _next = _next with { MediaTime = TimeSpan.FromTicks(microseconds * TimeSpan.TicksPerMicrosecond) };
                break;
            case "speed" when double.TryParse(value.TrimEnd('x'), NumberStyles.Float, CultureInfo.InvariantCulture, out var speed):
                _next = _next with { Speed = speed };
                break;
            case "progress":
                Last = _next;
                isBlock = true;
                break;
        }
        return true;
    }

    // Encoders add one for each of their streams: stream_0_0_q.
    private static bool IsKey(string key) => Keys.Contains(key) || (key.StartsWith("stream_", StringComparison.Ordinal) && !key.Contains(' ', StringComparison.Ordinal));
}
