using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Clients;

/// <summary>The programs that people use, each with the arguments that make it publish or play an RTMP URL.</summary>
public static class RealClients
{
    /// <summary>FFmpeg publishes a file in real time, without touching its packets.</summary>
    public static RunningProgram FfmpegPublish(string file, string url) =>
        RunningProgram.Start("ffmpeg", ["-v", "info", "-re", "-i", file, "-c", "copy", "-f", "flv", url]);

    /// <summary>FFmpeg plays; standard output is the list of what it received.</summary>
    public static RunningProgram FfmpegPlay(string url) =>
        RunningProgram.Start("ffmpeg", ["-v", "info", "-i", url, "-map", "0:v", "-map", "0:a", "-c", "copy", "-flush_packets", "1", "-f", "framemd5", "-"], binaryOutput: true);

    /// <summary>rtmpdump (librtmp) plays into a file.</summary>
    public static RunningProgram RtmpdumpPlay(string url, string file) =>
        RunningProgram.Start("rtmpdump", ["-v", "-r", url, "-o", file]);

    /// <summary>GStreamer's own RTMP publishes what x264 and an AAC encoder make.</summary>
    public static RunningProgram GStreamerPublish(string url) => GStreamer([.. Encode, "rtmp2sink", $"location={url}"]);

    /// <summary>GStreamer through librtmp publishes.</summary>
    public static RunningProgram GStreamerLibrtmpPublish(string url) => GStreamer([.. Encode, "rtmpsink", $"location={url} live=1"]);

    /// <summary>GStreamer's own RTMP plays into an FLV file.</summary>
    public static RunningProgram GStreamerPlay(string url, string file) => GStreamer(["rtmp2src", $"location={url}", "!", "filesink", $"location={file}"]);

    /// <summary>GStreamer through librtmp plays into an FLV file.</summary>
    public static RunningProgram GStreamerLibrtmpPlay(string url, string file) => GStreamer(["rtmpsrc", $"location={url} live=1", "!", "filesink", $"location={file}", "buffer-mode=unbuffered"]);

    /// <summary>A publisher by the name of its program.</summary>
    public static RunningProgram Publish(string program, string url) => program switch
    {
        "rtmp2sink" => GStreamerPublish(url),
        "rtmpsink" => GStreamerLibrtmpPublish(url),
        _ => throw new ArgumentOutOfRangeException(nameof(program), program, null),
    };

    /// <summary>A player by the name of its program.</summary>
    public static RunningProgram Play(string program, string url, string file) => program switch
    {
        "rtmpdump" => RtmpdumpPlay(url, file),
        "rtmp2src" => GStreamerPlay(url, file),
        "rtmpsrc" => GStreamerLibrtmpPlay(url, file),
        _ => throw new ArgumentOutOfRangeException(nameof(program), program, null),
    };

    private static readonly string[] Encode =
    [
        "videotestsrc", "num-buffers=150", "is-live=true", "!", "video/x-raw,width=320,height=180,framerate=25/1", "!",
        "x264enc", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=25", "!", "h264parse", "!", "mux.",
        "audiotestsrc", "num-buffers=260", "is-live=true", "!", "avenc_aac", "!", "aacparse", "!", "mux.",
        "flvmux", "name=mux", "streamable=true", "!",
    ];

    private static RunningProgram GStreamer(string[] pipeline) => RunningProgram.Start("gst-launch-1.0", ["-e", .. pipeline]);
}
