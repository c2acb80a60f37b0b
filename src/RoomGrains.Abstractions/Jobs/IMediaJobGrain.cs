using System.Collections.Immutable;
using Orleans.Concurrency;

namespace RoomGrains;

/// <summary>
/// A media job; the key is its id. The grain lives on the node on which its FFmpeg runs, remembers what has been written over every change of
/// node, and ends when the stream has ended, somebody stops it, or it has failed too often.
/// </summary>
[Alias("RoomGrains.IMediaJobGrain")]
public interface IMediaJobGrain : IGrainWithStringKey
{
    /// <summary>Everything known of the job. Refused when there is none of this id.</summary>
    [Alias("Describe")]
    Task<Answer<MediaJobDetails>> Describe();

    /// <summary>Ends the job: FFmpeg completes its files. Returns when it has been told; <see cref="Describe"/> says when it is done.</summary>
    /// <param name="by">Who wants it, for people.</param>
    [Alias("Stop")]
    Task<Answer> Stop(string by);

    /// <summary>The last lines that FFmpeg has said on this node, and what became of it.</summary>
    [Alias("Logs")]
    Task<Answer<ImmutableArray<string>>> Logs();

    /// <summary>Hears of every change of state, and of progress about once a second. A watch ends a minute after it was last asked for.</summary>
    [Alias("Watch")]
    Task<Answer<MediaJobDetails>> Watch(IMediaJobObserver observer);

    /// <summary>Hears no more.</summary>
    [Alias("Unwatch")]
    Task Unwatch(IMediaJobObserver observer);
}

/// <summary>Hears how a job goes on.</summary>
[Alias("RoomGrains.IMediaJobObserver")]
public interface IMediaJobObserver : IGrainObserver
{
    /// <summary>The job's state has changed, or it is further on.</summary>
    [Alias("OnChanged"), OneWay]
    Task OnChanged(MediaJobSummary job);
}
