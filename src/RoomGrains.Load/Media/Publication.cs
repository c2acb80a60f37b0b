using RoomGrains.Load.Figures;
using RoomGrains.Load.Wire;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Load.Media;

/// <summary>
/// A published stream: where it is in the recording, and what it sends when. Each frame is stamped in the moment in which it is sent, so
/// that a late generator makes late frames, and no false latencies.
/// </summary>
/// <param name="client">Whose stream it is.</param>
/// <param name="loop">Calls when something is due.</param>
/// <param name="tally">Where it is counted how late that was.</param>
/// <param name="replay">What it sends.</param>
/// <param name="number">The publisher's number in the run.</param>
/// <param name="name">The stream's name.</param>
/// <param name="withVideo">
/// Whether audio waits for the next video frame, as in the packets of an encoder that interleaves: then a frame's time is one write, which is
/// what makes 1500 publishers bearable beside the server.
/// </param>
internal sealed class Publication(LoadClient client, LoadLoop loop, Tally tally, FlvReplay replay, uint number, string name, bool withVideo)
{
    private const int VideoChunkStream = 6, AudioChunkStream = 4;

    private uint _streamId;
    private long _start;
    private int _next;
    private uint _roundStart;
    private uint _videoSequence;
    private uint _audioSequence;
    private Action<long>? _fire;

    /// <summary>The stream's name.</summary>
    public string Name => name;

    /// <summary>The publisher's number.</summary>
    public uint Number => number;

    /// <summary>Whether frames are sent.</summary>
    public bool IsLive => _streamId != 0;

    /// <summary>The server takes the stream: begins to send.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="run">The run, for the stamps.</param>
    /// <param name="random">For the place within the time of a frame.</param>
    public void Start(uint streamId, uint run, Random random)
    {
        _streamId = streamId;
        _fire = now => Fire(run, now);
        foreach (var header in replay.Headers)
            client.WriteMedia(header.Type, 0, streamId, header.Payload, header.Type == MessageType.Video ? VideoChunkStream : AudioChunkStream);
        client.SendMedia();
        // Publishers that the ramp let in together must not send together: each begins at its own place within the time of a frame.
        _start = Clock.Now + random.NextInt64(Math.Max(1, replay.FrameTime * Clock.Millisecond));
        loop.At(DueOf(LastOfBurst()), _fire);
    }

    private void Fire(uint run, long now)
    {
        if (client.End is not null)
            return;
        var last = LastOfBurst();
        for (var due = DueOf(last); due <= now; due = DueOf(last))
        {
            tally.Lateness.Add(now - due);
            while (_next <= last)
                Send(replay.Frames[_next++], run);
            if (_next == replay.Frames.Count)
            {
                _next = 0;
                _roundStart = unchecked(_roundStart + replay.Duration);
                _start += replay.Duration * Clock.Millisecond;
            }
            last = LastOfBurst();
        }
        client.SendMedia();
        loop.At(DueOf(last), _fire!);
    }

    private void Send(FlvReplay.Message frame, uint run)
    {
        var isVideo = frame.Type == MessageType.Video;
        if (frame.Payload.Length >= Stamp.ShortestFrame)
            new Stamp(run, number, isVideo ? _videoSequence++ : _audioSequence++, Clock.Now).Write(frame.Payload);
        client.WriteMedia(frame.Type, unchecked(_roundStart + frame.Time), _streamId, frame.Payload, isVideo ? VideoChunkStream : AudioChunkStream);
    }

    private long DueOf(int frame) => _start + replay.Frames[frame].Time * Clock.Millisecond;

    // The frames that go together: up to the next one of video, if so wanted.
    private int LastOfBurst()
    {
        var last = _next;
        while (withVideo && replay.Frames[last].Type != MessageType.Video && last + 1 < replay.Frames.Count)
            last++;
        return last;
    }
}
