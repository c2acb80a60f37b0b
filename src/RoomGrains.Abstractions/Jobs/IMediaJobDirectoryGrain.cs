using System.Collections.Immutable;

namespace RoomGrains;

/// <summary>The media jobs of the cluster; the key is <see cref="ClusterKey.Only"/>. It starts them, and sees to it that each runs somewhere until it has ended.</summary>
[Alias("RoomGrains.IMediaJobDirectoryGrain")]
public interface IMediaJobDirectoryGrain : IGrainWithStringKey
{
    /// <summary>
    /// Starts a job, and returns when that is durable: from then on it survives the death of every node. Where a job of the same profile with the same
    /// parameters works on the stream already, that one is meant.
    /// </summary>
    [Alias("Start")]
    Task<Answer<MediaJobSummary>> Start(MediaJobRequest request);

    /// <summary>Jobs that have not ended, and those that ended last, the newest first.</summary>
    [Alias("List")]
    Task<ImmutableArray<MediaJobSummary>> List();

    /// <summary>A worker is there: jobs that have lost their node are started again. Called by every worker each second.</summary>
    [Alias("Look")]
    Task Look();
}
