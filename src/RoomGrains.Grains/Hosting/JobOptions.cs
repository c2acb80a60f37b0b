namespace RoomGrains.Hosting;

/// <summary>How patient media jobs are, and how many there may be.</summary>
public sealed class JobOptions
{
    /// <summary>The configuration section that holds these options.</summary>
    public const string Section = "Jobs";

    /// <summary>How long a job waits for a stream that nobody publishes yet, 0 to 24 h. 30 s: who starts a job by hand has started the encoder, or is about to.</summary>
    public TimeSpan StreamWait { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a job waits for a publisher to come back before its stream counts as ended, 0 to 24 h. 10 s: an encoder that lost its network is back by then.
    /// It comes after <c>Streams:GracePeriod</c>, in which nobody notices anything.
    /// </summary>
    public TimeSpan PublisherGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often in a row FFmpeg may fail before a job gives up, 0 to 1000. 5: with the pauses that is about half a minute.</summary>
    public int MaxFailures { get; set; } = 5;

    /// <summary>The pause after the first failure, 10 ms to 1 h; it doubles with each that follows.</summary>
    public TimeSpan FirstPause { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause between two attempts, 10 ms to 1 h.</summary>
    public TimeSpan LongestPause { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long FFmpeg must have run for its failures before to be forgotten, 1 s to 1 h.</summary>
    public TimeSpan SteadyTime { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Jobs of the cluster that may wait or run at a time, 1 to 10 000: rooms start them for streams, and streams come from clients.</summary>
    public int MaxJobs { get; set; } = 1000;

    /// <summary>Ended jobs that stay in the list, 0 to 10 000.</summary>
    public int KeepEnded { get; set; } = 200;

    /// <summary>Recordings that an application may have in its index, 1 to 100 000: above it the eldest must be deleted before a new one is begun.</summary>
    public int MaxRecordings { get; set; } = 10_000;
}
