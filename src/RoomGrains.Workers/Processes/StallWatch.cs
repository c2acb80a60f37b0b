namespace RoomGrains.Workers.Processes;

/// <summary>
/// Notices that FFmpeg gets frames and is no further. A stream that sends nothing is no stall, nor is one that has just begun again: frames must have been given,
/// or waited to be taken, all the time.
/// </summary>
internal sealed class StallWatch(TimeSpan limit, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private FfmpegProgress _progress = FfmpegProgress.None;
    private bool _writes, _owes;
    private long _since, _fedAt;

    /// <summary>Frames are being given.</summary>
    public void Feeding()
    {
        lock (_gate)
        {
            (_writes, _fedAt) = (true, time.GetTimestamp());
            if (_owes)
                return;
            (_owes, _since) = (true, _fedAt);
        }
    }

    /// <summary>They were taken, which says only that a pipe had room for them.</summary>
    public void Fed()
    {
        lock (_gate)
            _writes = false;
    }

    /// <summary>FFmpeg says how far it is.</summary>
    public void Report(FfmpegProgress progress)
    {
        lock (_gate)
        {
            if (!progress.IsBeyond(_progress))
                return;
            (_progress, _owes, _since) = (progress, _writes, time.GetTimestamp());
        }
    }

    /// <summary>Whether it stands still, and has for too long.</summary>
    public bool IsStalled
    {
        get
        {
            lock (_gate)
                return _owes && time.GetElapsedTime(_since) >= limit && (_writes || time.GetElapsedTime(_fedAt) < limit / 2);
        }
    }

    /// <summary>Done when it stands still; or cancelled.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (!IsStalled)
            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(false);
    }
}
