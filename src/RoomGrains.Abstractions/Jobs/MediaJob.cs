using System.Collections.Immutable;
using System.Globalization;

namespace RoomGrains;

/// <summary>Where a media job stands. The numbers are a contract.</summary>
public enum MediaJobState
{
    /// <summary>It waits for a node that can run it and has a slot free.</summary>
    Queued = 1,
    /// <summary>It has a slot, and waits for the stream to be published.</summary>
    Waiting = 2,
    /// <summary>FFmpeg runs.</summary>
    Running = 3,
    /// <summary>FFmpeg failed, and is started again after a pause.</summary>
    Retrying = 4,
    /// <summary>It has been asked to end, and completes its files.</summary>
    Stopping = 5,
    /// <summary>It has ended: the stream did, or somebody stopped it.</summary>
    Finished = 6,
    /// <summary>It has given up.</summary>
    Failed = 7,
}

/// <summary>How far a running job is, as FFmpeg reports it (<c>-progress</c>).</summary>
/// <param name="At">When it said so (UTC).</param>
/// <param name="MediaTime">How much of the stream it has written.</param>
/// <param name="Frames">Pictures it has written.</param>
/// <param name="Bytes">Bytes it has written.</param>
/// <param name="Speed">Media time by real time: below 1 it falls behind.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.MediaProgress")]
public sealed record MediaProgress(
    [property: Id(0)] DateTimeOffset At, [property: Id(1)] TimeSpan MediaTime, [property: Id(2)] long Frames, [property: Id(3)] long Bytes,
    [property: Id(4)] double Speed);

/// <summary>One line of the list of jobs.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.MediaJobSummary")]
public sealed record MediaJobSummary
{
    /// <summary>The job.</summary>
    [Id(0)] public required JobId Id { get; init; }
    /// <summary>What was asked for, without secrets.</summary>
    [Id(1)] public required MediaJobRequest Request { get; init; }
    /// <summary>Where it stands.</summary>
    [Id(2)] public required MediaJobState State { get; init; }
    /// <summary>The node it runs on; empty while it is queued.</summary>
    [Id(3)] public string Node { get; init; } = "";
    /// <summary>When somebody asked for it (UTC).</summary>
    [Id(4)] public DateTimeOffset Since { get; init; }
    /// <summary>When it ended (UTC); null while it has not.</summary>
    [Id(5)] public DateTimeOffset? Ended { get; init; }
    /// <summary>Counts the nodes' turns: whoever works for a lower one works for nobody.</summary>
    [Id(6)] public long Epoch { get; init; }
    /// <summary>The number of the part that is being written, or was last; 0 before the first.</summary>
    [Id(7)] public int Part { get; init; }
    /// <summary>How often FFmpeg was started again after it failed.</summary>
    [Id(8)] public int Restarts { get; init; }
    /// <summary>Why it is queued, is tried again, has ended or failed; empty while there is nothing to say.</summary>
    [Id(9)] public string Reason { get; init; } = "";
    /// <summary>How far it is; null where it does not run.</summary>
    [Id(10)] public MediaProgress? Progress { get; init; }
    /// <summary>Where it can be watched or fetched: a path on the HTTP port of any node; empty where there is nothing to fetch.</summary>
    [Id(11)] public string Path { get; init; } = "";

    /// <summary>Whether it has ended.</summary>
    public bool IsOver => State is MediaJobState.Finished or MediaJobState.Failed;
}

/// <summary>What can be said of a part of a recording. The numbers are a contract.</summary>
public enum RecordingState
{
    /// <summary>It is being written.</summary>
    Writing = 1,
    /// <summary>It is whole.</summary>
    Complete = 2,
    /// <summary>Its writer or its node was killed: it plays up to about that moment.</summary>
    Cut = 3,
    /// <summary>Somebody has deleted it; its node has not confirmed that yet.</summary>
    Deleted = 4,
}

/// <summary>A result of a job: one file or folder on one node. A job that was interrupted has several, numbered.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.Recording")]
public sealed record Recording
{
    /// <summary>The job that wrote it.</summary>
    [Id(0)] public required JobId Job { get; init; }
    /// <summary>Its number among the job's parts, from 1.</summary>
    [Id(1)] public required int Part { get; init; }
    /// <summary>The profile of the job.</summary>
    [Id(2)] public required string Profile { get; init; }
    /// <summary>The stream.</summary>
    [Id(3)] public required StreamKey Stream { get; init; }
    /// <summary>The node that has it.</summary>
    [Id(4)] public required string Node { get; init; }
    /// <summary>File or folder below the node's media folder, with slashes.</summary>
    [Id(5)] public required string File { get; init; }
    /// <summary>Whether it is whole.</summary>
    [Id(6)] public required RecordingState State { get; init; }
    /// <summary>When its first frame was written (UTC).</summary>
    [Id(7)] public DateTimeOffset Started { get; init; }
    /// <summary>When it was completed (UTC); null while it has not been.</summary>
    [Id(8)] public DateTimeOffset? Ended { get; init; }
    /// <summary>Its length in time.</summary>
    [Id(9)] public TimeSpan Duration { get; init; }
    /// <summary>Its length in bytes.</summary>
    [Id(10)] public long Bytes { get; init; }
    /// <summary>SHA-256 of the file in hexadecimal digits; empty for a folder, and while it is not complete.</summary>
    [Id(11)] public string Sha256 { get; init; } = "";

    /// <summary>Names it in the list: <c>job-part</c>.</summary>
    public string Name => $"{Job}-{Part}";

    /// <summary>
    /// Where it is fetched: a path on the HTTP port of any node. What is live is found by its stream; a file by its name, with a token
    /// (<see cref="IRecordingsGrain.Link"/>).
    /// </summary>
    public string Path => Profile switch
    {
        "hls" => $"/hls/{StreamPath}/index.m3u8",
        "thumbnail" => $"/thumbnails/{StreamPath}.jpg",
        _ => $"/recordings/{Name}",
    };

    // Names may have letters of any script, and URLs may not.
    private string StreamPath => string.Join('/', new[] { Stream.Room.Application, Stream.Room.Room, Stream.Stream }.Select(Uri.EscapeDataString));

    /// <summary>Reads a name; false when it is not one.</summary>
    public static bool TryParseName(string? text, out JobId job, out int part)
    {
        (job, part) = (default, 0);
        return text is not null && text.IndexOf('-', StringComparison.Ordinal) is > 0 and var dash && JobId.TryParse(text[..dash], out job)
            && int.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out part);
    }
}

/// <summary>Everything known of a job.</summary>
/// <param name="Summary">Its line.</param>
/// <param name="Parts">What it has written.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.MediaJobDetails")]
public sealed record MediaJobDetails([property: Id(0)] MediaJobSummary Summary, [property: Id(1)] ImmutableArray<Recording> Parts);
