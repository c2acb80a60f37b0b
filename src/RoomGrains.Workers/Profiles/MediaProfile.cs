using System.Collections.Immutable;

namespace RoomGrains.Workers.Profiles;

/// <summary>What a profile makes of a stream.</summary>
internal enum ProfileResult
{
    /// <summary>A file for each part.</summary>
    File,
    /// <summary>A folder for each job, with files whose names the profile says.</summary>
    Folder,
    /// <summary>A stream in the same room.</summary>
    Room,
    /// <summary>A stream at the address that the request says.</summary>
    Address,
}

/// <summary>A kind of job: how FFmpeg is called, and what a request may say about it. Data, from <c>ffmpeg-profiles.json</c>.</summary>
internal sealed record MediaProfile
{
    /// <summary>The name that requests use.</summary>
    public required string Name { get; init; }
    /// <summary>For people.</summary>
    public required string Description { get; init; }
    /// <summary>What becomes of the stream.</summary>
    public required ProfileResult Result { get; init; }
    /// <summary>What a request may say.</summary>
    public required ImmutableSortedDictionary<string, ProfileParameter> Parameters { get; init; }
    /// <summary>File: how its name ends, without the dot.</summary>
    public required ArgumentTemplate Extension { get; init; }
    /// <summary>Room: what is added to the stream's name.</summary>
    public required ArgumentTemplate Suffix { get; init; }
    /// <summary>Arguments before the input.</summary>
    public required ArgumentTemplate Input { get; init; }
    /// <summary>Arguments after it.</summary>
    public required ArgumentTemplate Output { get; init; }
    /// <summary>File: arguments of the run that rewrites a whole file; none: it stays as it is.</summary>
    public required ArgumentTemplate Finish { get; init; }
    /// <summary>Encoders that are needed.</summary>
    public required ArgumentTemplate Needs { get; init; }
    /// <summary>How long nothing may be written by the nature of the profile: durations that add up, with spaces between.</summary>
    public required ArgumentTemplate Quiet { get; init; }

    /// <summary>Whether results lie on this node's disk.</summary>
    public bool LeavesFiles => Result is ProfileResult.File or ProfileResult.Folder;
}
