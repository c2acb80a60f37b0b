using System.Buffers;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Enhanced;
using RoomGrains.Rtmp.Flv;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Load.Media;

/// <summary>
/// A real recording in memory, to be published again and again without an end: after the last frame comes the first, with timestamps
/// that go on. What publishers send at the beginning and never again is apart.
/// </summary>
internal sealed class FlvReplay
{
    private FlvReplay(Message[] headers, Message[] frames, long bytes)
    {
        (Headers, Frames, FrameTime) = (headers, frames, StepOf(frames, MessageType.Video));
        var video = frames.Where(frame => frame.Type == MessageType.Video).ToArray();
        var audio = frames.Where(frame => frame.Type == MessageType.Audio).ToArray();
        Duration = Math.Max(video[^1].Time + FrameTime, audio.Length > 1 ? audio[^1].Time + StepOf(frames, MessageType.Audio) : 0);
        FrameRate = video.Length * 1000.0 / Duration;
        BitsPerSecond = bytes * 8 * 1000 / Duration;
        VideoFrames = video.Length;
        AudioFrames = audio.Length;
        KeyFrames = video.Count(frame => VideoHeader.TryParse(frame.Payload, out var header) && header.IsKeyFrame);
    }

    /// <summary>An audio, video or data message.</summary>
    /// <param name="Type">Its type.</param>
    /// <param name="Time">Its time in ms from the beginning.</param>
    /// <param name="Payload">Its bytes. Publishers write their stamps over the end, one after another: they live on one thread.</param>
    public sealed record Message(MessageType Type, uint Time, byte[] Payload);

    /// <summary>Metadata and sequence headers.</summary>
    public IReadOnlyList<Message> Headers { get; }

    /// <summary>The frames in the order of the file, the first at 0 ms.</summary>
    public IReadOnlyList<Message> Frames { get; }

    /// <summary>How long one round takes, in ms.</summary>
    public uint Duration { get; }

    /// <summary>How long one video frame is shown, in ms.</summary>
    public uint FrameTime { get; }

    /// <summary>Video frames a second.</summary>
    public double FrameRate { get; }

    /// <summary>Payload bits a second.</summary>
    public long BitsPerSecond { get; }

    /// <summary>Video frames in a round.</summary>
    public int VideoFrames { get; }

    /// <summary>Audio frames in a round.</summary>
    public int AudioFrames { get; }

    /// <summary>Key frames in a round.</summary>
    public int KeyFrames { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="LoadException">There is none, it is no FLV, or there is no video in it; the message says how to make one.</exception>
    public static FlvReplay Load(string? path)
    {
        if (string.IsNullOrEmpty(path))
            throw new LoadException($"--file: which FLV file is to be published? {HowTo("clip.flv")}", LoadFailure.Usage);
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoadException($"--file: {e.Message} {HowTo(path)}", LoadFailure.Usage, e);
        }
        try
        {
            return Read(bytes) ?? throw new LoadException($"--file: '{path}' has less than two video frames. {HowTo("clip.flv")}", LoadFailure.Usage);
        }
        catch (RtmpProtocolException e)
        {
            throw new LoadException($"--file: '{path}' is no FLV that can be published: {e.Message} {HowTo("clip.flv")}", LoadFailure.Usage, e);
        }
    }

    internal static FlvReplay? Read(byte[] file)
    {
        var (headers, frames) = (new List<Message>(), new List<Message>());
        var input = new ReadOnlySequence<byte>(file);
        var reader = new FlvReader();
        while (reader.TryRead(ref input, out var tag))
        {
            var payload = tag.Data.ToArray();
            if (IsFrame(tag.Type, payload, out var isHeader))
                frames.Add(new Message(tag.Type, tag.Timestamp, payload));
            else if (isHeader && !headers.Any(header => header.Type == tag.Type))
                headers.Add(new Message(tag.Type, 0, DataMessage.IsData(tag.Type) ? SetDataFrame(tag.Type, payload) : payload));
        }
        if (frames.Count(frame => frame.Type == MessageType.Video) < 2)
            return null;
        var first = frames.Min(frame => frame.Time);
        // A muxer may write a frame of audio before an earlier one of video: sent in that order, but never back in time.
        var time = 0u;
        var shifted = frames.Select(frame => frame with { Time = time = Math.Max(time, frame.Time - first) }).ToArray();
        return new FlvReplay([.. headers], shifted, shifted.Sum(frame => (long)frame.Payload.Length));
    }

    private static bool IsFrame(MessageType type, byte[] payload, out bool isHeader)
    {
        isHeader = DataMessage.IsData(type);
        if (type == MessageType.Video && VideoHeader.TryParse(payload, out var video))
        {
            isHeader = video.IsSequenceHeader;
            return video.IsFrame;
        }
        if (type == MessageType.Audio && AudioHeader.TryParse(payload, out var audio))
        {
            isHeader = audio.IsSequenceHeader;
            return audio.IsFrame;
        }
        return false;
    }

    private static byte[] SetDataFrame(MessageType type, byte[] payload)
    {
        var encoded = DataMessage.Parse(type, payload).WithFrame(DataFrame.Set).EncodePayload();
        var bytes = encoded.Span.ToArray();
        encoded.Release();
        return bytes;
    }

    // The usual distance between two of a kind: the middle one, since the last may be cut.
    private static uint StepOf(Message[] frames, MessageType type)
    {
        var times = frames.Where(frame => frame.Type == type).Select(frame => frame.Time).ToArray();
        var steps = times.Zip(times.Skip(1), (one, next) => next - one).Order().ToArray();
        return steps.Length == 0 ? 0 : Math.Max(1, steps[steps.Length / 2]);
    }

    private static string HowTo(string path) =>
        "Make one with: ffmpeg -f lavfi -i testsrc2=s=1280x720:r=30 -f lavfi -i sine -t 20 -c:v libx264 -profile:v main -preset veryfast -b:v 1900k -minrate 1900k "
        + $"-maxrate 1900k -bufsize 1900k -x264-params nal-hrd=cbr:keyint=60:scenecut=0:bframes=0 -pix_fmt yuv420p -c:a aac -b:a 128k {path}";
}
