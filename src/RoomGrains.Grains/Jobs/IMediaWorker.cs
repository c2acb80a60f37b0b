using System.Collections.Immutable;

namespace RoomGrains.Grains.Jobs;

/// <summary>
/// Runs media jobs on this node. A job's grain decides when, how often and what for; the worker runs one attempt. Register one in the silo's services to have
/// a node work; a silo without one runs no jobs (<see cref="NoMediaWorker"/>).
/// </summary>
public interface IMediaWorker
{
    /// <summary>How many jobs may run here at a time, and what this node can do for them.</summary>
    MediaWorkerStatus Status { get; }

    /// <summary>Cancelled when the node drains: jobs complete their part and go on elsewhere.</summary>
    CancellationToken Draining { get; }

    /// <summary>What is wrong with a request: no such profile, a parameter that is not allowed, an address that must not be reached. Null: nothing.</summary>
    Refusal? Check(MediaJobRequest request);

    /// <summary>What this node would need for a request and does not have, in words (an encoder); null: nothing.</summary>
    string? Lacks(MediaJobRequest request);

    /// <summary>Takes one of the slots; disposing gives it back. Null: all are taken, the disk is full, or the node drains.</summary>
    IDisposable? TryTakeSlot();

    /// <summary>
    /// Does the job until its stream ends, the token says so, or it fails: one part. It waits for the stream to be published first. It never throws; it has
    /// ended every process that it has started when it returns.
    /// </summary>
    /// <param name="run">What is to be done.</param>
    /// <param name="stop">Cancelled to complete the part and return.</param>
    Task<MediaRunResult> RunAsync(MediaRun run, CancellationToken stop);
}

/// <summary>What a worker says of itself.</summary>
/// <param name="Slots">Jobs that may run here at a time; 0: none.</param>
/// <param name="Busy">Jobs that run here.</param>
/// <param name="Capabilities">What jobs may ask for: <c>ffmpeg</c>, and an encoder each as <c>encoder:libx264</c>.</param>
/// <param name="CpuTime">Processor time that the processes of its jobs have used since the node started.</param>
/// <param name="Trouble">Why it takes no jobs; empty where it does.</param>
public sealed record MediaWorkerStatus(int Slots, int Busy, ImmutableArray<string> Capabilities, TimeSpan CpuTime, string Trouble);

/// <summary>One attempt at a job: one part.</summary>
public sealed record MediaRun
{
    /// <summary>The job.</summary>
    public required JobId Job { get; init; }
    /// <summary>The turn of this node at it.</summary>
    public required long Epoch { get; init; }
    /// <summary>The part's number, from 1: no number is given twice.</summary>
    public required int Part { get; init; }
    /// <summary>What is to be done.</summary>
    public required MediaJobRequest Request { get; init; }
    /// <summary>How long to wait for the stream to be published, before it counts as ended.</summary>
    public required TimeSpan Patience { get; init; }
    /// <summary>Where the lines go that FFmpeg says.</summary>
    public required LogTail Log { get; init; }
    /// <summary>Called when the first frame has come and FFmpeg runs, with where the result will be: file or folder below the node's media folder; empty where nothing is left behind. Any thread.</summary>
    public required Action<string> Started { get; init; }
    /// <summary>Called about once a second. Any thread.</summary>
    public required Action<MediaProgress> Progress { get; init; }
}

/// <summary>How an attempt ended.</summary>
public enum MediaRunEnd
{
    /// <summary>The stream has ended: nobody publishes it any more.</summary>
    StreamEnded = 1,
    /// <summary>The stream was not published within the patience; no part was begun.</summary>
    NoStream = 2,
    /// <summary>It was asked to stop.</summary>
    Stopped = 3,
    /// <summary>FFmpeg, or what stands around it, failed: another attempt may do better.</summary>
    Failed = 4,
    /// <summary>It failed for a reason that another attempt on this node will not change: the disk is full.</summary>
    Unable = 5,
}

/// <summary>What an attempt left behind.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Reason">Why, in words; empty where there is nothing to say.</param>
/// <param name="Result">The part; null where none was begun, or nothing is left behind.</param>
public sealed record MediaRunResult(MediaRunEnd End, string Reason, MediaFile? Result);

/// <summary>A part as it lies on the disk.</summary>
/// <param name="File">File or folder below the node's media folder, with slashes.</param>
/// <param name="IsWhole">Whether it was completed in order.</param>
/// <param name="Duration">Its length in time.</param>
/// <param name="Bytes">Its length in bytes.</param>
/// <param name="Sha256">SHA-256 of the file in hexadecimal digits; empty for a folder.</param>
public sealed record MediaFile(string File, bool IsWhole, TimeSpan Duration, long Bytes, string Sha256);
