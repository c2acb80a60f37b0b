using RoomGrains.Load.Figures;
using RoomGrains.Rtmp.Enhanced;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Load.Media;

/// <summary>
/// One played stream: whether its frames are those of the right publisher, each once and none left out, and how long they took. A stream
/// may be joined anywhere, so the first frame of each kind may have any number.
/// </summary>
/// <param name="tally">Where it is counted.</param>
/// <param name="run">The run whose frames are expected.</param>
/// <param name="publisher">The publisher whose frames are expected.</param>
internal sealed class Watch(Tally tally, uint run, uint publisher)
{
    private const long None = -1;

    private long _lastVideo = None;
    private long _lastAudio = None;
    private long _videoAt;

    /// <summary>Which publisher it should see.</summary>
    public uint Publisher => publisher;

    /// <summary>When <c>play</c> was sent. What was sent before that comes out of the server's cache, and its age is no latency.</summary>
    public long Since { get; set; }

    /// <summary>Video frames that have come.</summary>
    public long VideoFrames { get; private set; }

    /// <summary>Takes an audio or a video message.</summary>
    public void Receive(MessageType type, ReadOnlySpan<byte> payload, long now)
    {
        var isVideo = type == MessageType.Video;
        if (isVideo ? !IsVideoFrame(payload) : !IsAudioFrame(payload))
            return;
        if (isVideo)
        {
            tally.VideoFrames++;
            VideoFrames++;
            EndInterval(now);
            _videoAt = now;
        }
        else
        {
            tally.AudioFrames++;
        }
        if (payload.Length < Stamp.ShortestFrame)
            return;
        if (!Stamp.TryRead(payload, out var stamp) || stamp.Run != run || stamp.Publisher != publisher)
        {
            tally.WrongStream++;
            return;
        }
        Count(ref isVideo ? ref _lastVideo : ref _lastAudio, stamp.Sequence);
        if (tally.IsMeasuring && stamp.SentAt >= Since)
            (isVideo ? tally.VideoLatency : tally.AudioLatency).Add(now - stamp.SentAt);
    }

    /// <summary>A window ends: how long has there been no picture?</summary>
    public void EndInterval(long now)
    {
        if (tally.IsMeasuring && _videoAt != 0)
            tally.VideoInterval.Add(now - _videoAt);
    }

    private void Count(ref long last, uint sequence)
    {
        if (last != None && sequence <= last)
        {
            tally.Doubles++;
            return;
        }
        if (last != None)
            tally.Gaps += sequence - last - 1;
        last = sequence;
    }

    private static bool IsVideoFrame(ReadOnlySpan<byte> payload) => VideoHeader.TryParse(payload, out var header) && header.IsFrame;

    private static bool IsAudioFrame(ReadOnlySpan<byte> payload) => AudioHeader.TryParse(payload, out var header) && header.IsFrame;
}
