using System.Collections.Immutable;

namespace RoomGrains.Grains.Jobs;

/// <summary>What is durable about a job.</summary>
[GenerateSerializer, Alias("RoomGrains.Grains.JobRecord")]
internal sealed record JobRecord
{
    /// <summary>What is to be done; null: there is no such job.</summary>
    [Id(0)] public MediaJobRequest? Request { get; init; }
    /// <summary>When it was asked for.</summary>
    [Id(1)] public DateTimeOffset Since { get; init; }
    /// <summary>Turns of nodes at it so far. It is counted up before a node begins: of two that think it theirs the storage lets one do that.</summary>
    [Id(2)] public long Epoch { get; init; }
    /// <summary>Numbers that have been given to parts, whether or not anything came of them.</summary>
    [Id(3)] public int Numbers { get; init; }
    /// <summary>How often FFmpeg was started again after it failed.</summary>
    [Id(4)] public int Restarts { get; init; }
    /// <summary>What has been written.</summary>
    [Id(5)] public ImmutableList<Recording> Parts { get; init; } = [];
    /// <summary>Who has asked it to end; null: nobody.</summary>
    [Id(6)] public string? StoppedBy { get; init; }
    /// <summary>How it ended; null while it has not.</summary>
    [Id(7)] public MediaJobState? End { get; init; }
    /// <summary>Why it ended.</summary>
    [Id(8)] public string Reason { get; init; } = "";
    /// <summary>When it ended.</summary>
    [Id(9)] public DateTimeOffset? Ended { get; init; }
    /// <summary>Failures in a row.</summary>
    [Id(10)] public int Failures { get; init; }

    /// <summary>Parts of which the index has not been told the last.</summary>
    [Id(11)] public ImmutableSortedSet<int> Untold { get; init; } = [];

    /// <summary>The record with this part in the place of the one with its number; the index has not been told.</summary>
    public JobRecord With(Recording part)
    {
        var index = Parts.FindIndex(p => p.Part == part.Part);
        return this with { Parts = index < 0 ? Parts.Add(part) : Parts.SetItem(index, part), Untold = Untold.Add(part.Part) };
    }
}
