namespace RoomGrains.Load.Figures;

/// <summary>What all clients of a run have seen so far. Of one thread.</summary>
internal sealed class Tally
{
    /// <summary>Whether the window is open: latencies are taken only then.</summary>
    public bool IsMeasuring { get; set; }

    /// <summary>Bytes that players have read.</summary>
    public long PlayerBytes { get; set; }

    /// <summary>Video messages that players have got.</summary>
    public long VideoFrames { get; set; }

    /// <summary>Audio messages that players have got.</summary>
    public long AudioFrames { get; set; }

    /// <summary>Frames that should have come between two that came.</summary>
    public long Gaps { get; set; }

    /// <summary>Frames that came again, or after later ones.</summary>
    public long Doubles { get; set; }

    /// <summary>Frames of another stream than the one that was asked for, or of nobody here.</summary>
    public long WrongStream { get; set; }

    /// <summary>Lines of chat that members have heard.</summary>
    public long Lines { get; set; }

    /// <summary>Lines that should have come between two that came.</summary>
    public long LinesMissing { get; set; }

    /// <summary>Lines that came again, or after later ones.</summary>
    public long LinesDoubled { get; set; }

    /// <summary>From the saying of a line to each hearing of it.</summary>
    public Histogram LineLatency { get; } = new();

    /// <summary>How often a player was told that its stream had ended.</summary>
    public long Unpublished { get; set; }

    /// <summary>From the sending of a video frame to its whole arrival.</summary>
    public Histogram VideoLatency { get; } = new();

    /// <summary>The same of audio frames.</summary>
    public Histogram AudioLatency { get; } = new();

    /// <summary>From one video frame of a stream to the next.</summary>
    public Histogram VideoInterval { get; } = new();

    /// <summary>From the beginning of the TCP connection to the first video frame.</summary>
    public Histogram Join { get; } = new();

    /// <summary>From the beginning of the TCP connection to the answer that admits.</summary>
    public Histogram Connect { get; } = new();

    /// <summary>From the command <c>connect</c> to its answer, whichever.</summary>
    public Histogram Answer { get; } = new();

    /// <summary>How late publishers sent: more than a few ms says that the generator had too much to do.</summary>
    public Histogram Lateness { get; } = new();

    /// <summary>Forgets those who came before the ones that count.</summary>
    public void ForgetJoins()
    {
        Join.Clear();
        Connect.Clear();
        Answer.Clear();
    }
}
