using RoomGrains.Load.Figures;

namespace RoomGrains.Load;

/// <summary>
/// What a run has measured. Null is what the scenario does not measure, or what nobody asked for: without a server's process there is nothing of
/// its CPU and memory. CPU is in percent of one core.
/// </summary>
public sealed record LoadReport
{
    /// <summary>The scenario's name.</summary>
    public required string Scenario { get; init; }

    /// <summary>The servers.</summary>
    public required IReadOnlyList<string> Urls { get; init; }

    /// <summary>Clients that were to be there.</summary>
    public int Clients { get; init; }

    /// <summary>Clients that had got a picture at the end of the window and were still there; stalled ones are not among them.</summary>
    public int Players { get; init; }

    /// <summary>Clients that were admitted and still there at the end.</summary>
    public int Admitted { get; init; }

    /// <summary>Clients that published at the end of the window.</summary>
    public int Publishers { get; init; }

    /// <summary>The window.</summary>
    public double Seconds { get; init; }

    /// <summary>What players have read in the window.</summary>
    public double Gigabits { get; init; }

    /// <summary>CPU seconds of the server in the window by what players have read in it.</summary>
    public double? CpuSecondsPerGigabit { get; init; }

    /// <summary>CPU of the server.</summary>
    public double? ServerCpuPercent { get; init; }

    /// <summary>CPU of the generator.</summary>
    public double OwnCpuPercent { get; init; }

    /// <summary>CPU of everything else on the machine: a window in which this is large is to be repeated.</summary>
    public double? ForeignCpuPercent { get; init; }

    /// <summary>From the sending of a video frame to its whole arrival.</summary>
    public Percentiles? VideoLatencyMs { get; init; }

    /// <summary>From the sending of an audio frame to its whole arrival.</summary>
    public Percentiles? AudioLatencyMs { get; init; }

    /// <summary>From one video frame of a played stream to the next: how long a picture stood still.</summary>
    public Percentiles? VideoIntervalMs { get; init; }

    /// <summary>From the beginning of a client's TCP connection to its first video frame.</summary>
    public Percentiles? JoinMs { get; init; }

    /// <summary>From the beginning of a client's TCP connection to the answer that admits it.</summary>
    public Percentiles? ConnectMs { get; init; }

    /// <summary>From the command <c>connect</c> to its answer, whichever it is.</summary>
    public Percentiles? AnswerMs { get; init; }

    /// <summary>From the decision about a pending client to its answer.</summary>
    public Percentiles? DecisionMs { get; init; }

    /// <summary>How late publishers have sent in the whole run: more than some ms means that the generator had too much to do.</summary>
    public Percentiles? SendDelayMs { get; init; }

    /// <summary>From the first connect of all to the last answer that admits.</summary>
    public double? AllConnectedSeconds { get; init; }

    /// <summary>From the first connect of all to the last first video frame.</summary>
    public double? AllFirstFramesSeconds { get; init; }

    /// <summary>Video frames that players got, in the whole run.</summary>
    public long VideoFrames { get; init; }

    /// <summary>Audio frames that players got, in the whole run.</summary>
    public long AudioFrames { get; init; }

    /// <summary>Frames that were missing between two that came.</summary>
    public long Gaps { get; init; }

    /// <summary>Frames that came twice, or after later ones.</summary>
    public long Doubles { get; init; }

    /// <summary>Frames of another stream than the one that was asked for, or of nobody here.</summary>
    public long WrongStream { get; init; }

    /// <summary>Lines that were said; chat only.</summary>
    public long? LinesSaid { get; init; }

    /// <summary>Lines that came to somebody: said, times those who hear; chat only.</summary>
    public long? LinesHeard { get; init; }

    /// <summary>Lines that did not come to somebody; chat only.</summary>
    public long? LinesMissing { get; init; }

    /// <summary>Lines that came twice, or after later ones; chat only.</summary>
    public long? LinesDoubled { get; init; }

    /// <summary>From the saying of a line to each hearing of it; chat only.</summary>
    public Percentiles? LineLatencyMs { get; init; }

    /// <summary>CPU of the server in the window by the lines that came to somebody in it, in µs; chat only.</summary>
    public double? CpuMicrosecondsPerLine { get; init; }

    /// <summary>How often a player was told that its stream had ended: none does before the run is over.</summary>
    public long Unpublished { get; init; }

    /// <summary>Clients that were refused, or never got as far as an answer.</summary>
    public int Rejected { get; init; }

    /// <summary>Clients that were admitted and lost their connection; stalled ones are not among them.</summary>
    public int Dropped { get; init; }

    /// <summary>Clients that came in place of others; churn only.</summary>
    public int? Replaced { get; init; }

    /// <summary>Players that stopped reading.</summary>
    public int? Stalled { get; init; }

    /// <summary>Those of them whose connection the server has ended.</summary>
    public int? StalledDropped { get; init; }

    /// <summary>Resident memory of the server before the first client.</summary>
    public double? RssIdleMiB { get; init; }

    /// <summary>Resident memory of the server at the end of the window.</summary>
    public double? RssMiB { get; init; }

    /// <summary>The most that was seen, looking each second.</summary>
    public double? RssMaxMiB { get; init; }

    /// <summary>What each client added to it.</summary>
    public double? RssPerClientKiB { get; init; }

    /// <summary>Why connections ended, and how many did for that reason.</summary>
    public IReadOnlyDictionary<string, int> Ends { get; init; } = new Dictionary<string, int>();

    /// <summary>Whether somebody ended the run before its time.</summary>
    public bool EndedEarly { get; init; }

    /// <summary>What was wrong, in words; empty when all was as it should be.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>With one problem more, where there are clients that have it; a run that was ended early says nothing of what had not come yet.</summary>
    internal LoadReport With(int clients, string problem) => clients <= 0 || EndedEarly ? this : this with { Problems = [.. Problems, problem] };
}
