namespace RoomGrains.Workers;

/// <summary>The media jobs of a node: how many, with which limits, and where their results go. In the configuration: <c>Workers</c>.</summary>
public sealed class WorkerOptions
{
    /// <summary>The configuration section that holds these options.</summary>
    public const string Section = "Workers";

    /// <summary>Jobs that run here at a time; -1: one for each core; 0: none, this node is no worker. A copy takes a hundredth of a core, an encoder as many as it gets.</summary>
    public int Slots { get; set; } = -1;

    /// <summary>The folder for results. Empty: <c>media</c> below the data folder, which the node fills in.</summary>
    public string MediaFolder { get; set; } = "";

    /// <summary>The file of profiles. Empty: those that the program has in it, a copy of <c>cluster-config/ffmpeg-profiles.json</c>.</summary>
    public string Profiles { get; set; } = "";

    /// <summary>How long FFmpeg may take to complete its files when its input has ended, and as long again after SIGTERM. 10 s: a trailer takes milliseconds, an encoder empties its queue in a second or two.</summary>
    public TimeSpan StopTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a whole recording may take to be rewritten for players that seek. What takes longer stays as it was written, which plays, too.</summary>
    public TimeSpan FinishTime { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long FFmpeg may get frames and be no further, before it counts as stalled and is ended. 20 s: longer than a disk that is busy, or an encoder that starts.</summary>
    public TimeSpan StallTime { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How much FFmpeg yields to others, 0 to 19 as <c>nice</c> has it. 5: about a third of the weight of the gateway, which shares the machine.</summary>
    public int Niceness { get; set; } = 5;

    /// <summary>Bytes of results that this node keeps: the eldest go when there are more. 0: no limit.</summary>
    public long Quota { get; set; }

    /// <summary>How long results are kept. 0: for ever.</summary>
    public TimeSpan Retention { get; set; }

    /// <summary>Bytes that must be free on the disk for a job to start; below half of it running jobs end in order. 1 GiB: an hour of one stream at 2 Mbit/s.</summary>
    public long MinFreeBytes { get; set; } = 1L << 30;

    /// <summary>
    /// Where streams may be pushed: <c>*</c> for any public address; a host name (<c>*.example.com</c>: and those below it), an address or a network
    /// (<c>10.1.0.0/16</c>), each with or without a port. Loopback, private and other special addresses only where they are named.
    /// </summary>
    public IList<string> Destinations { get; set; } = ["*"];

    internal int EffectiveSlots => Slots < 0 ? Environment.ProcessorCount : Slots;
}
