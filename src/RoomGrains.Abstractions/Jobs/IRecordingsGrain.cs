using System.Collections.Immutable;

namespace RoomGrains;

/// <summary>What the media jobs of an application have written; the key is the application. Durable: it knows files of nodes that are down, too.</summary>
[Alias("RoomGrains.IRecordingsGrain")]
public interface IRecordingsGrain : IGrainWithStringKey
{
    /// <summary>The recordings, the newest first.</summary>
    [Alias("List")]
    Task<ImmutableArray<Recording>> List();

    /// <summary>A job says what it has written, or how far that is. Returns when that is durable.</summary>
    [Alias("Put")]
    Task Put(Recording recording);

    /// <summary>
    /// Deletes a recording: its file goes as soon as its node hears of it, which is at its next start where it is down. Refused while it is being written, and
    /// where there is none.
    /// </summary>
    [Alias("Delete")]
    Task<Answer<Recording>> Delete(JobId job, int part);

    /// <summary>A recording. One that was deleted is found until its node has confirmed that, in the state <see cref="RecordingState.Deleted"/>. Refused where there is none.</summary>
    [Alias("Find")]
    Task<Answer<Recording>> Find(JobId job, int part);

    /// <summary>What a profile has written of a stream last: what is being written, else what was begun last. Refused where there is nothing.</summary>
    [Alias("FindLatest")]
    Task<Answer<Recording>> FindLatest(StreamKey stream, string profile);

    /// <summary>Signs a link by which anybody fetches a file for a while: a path with a token, on the HTTP port of any node. Refused where there is no such recording.</summary>
    /// <param name="job">The job that wrote it.</param>
    /// <param name="part">Its number.</param>
    /// <param name="life">How long, up to <see cref="MaxLinkDays"/> days.</param>
    [Alias("Link")]
    Task<Answer<string>> Link(JobId job, int part, TimeSpan life);

    /// <summary>The longest life of a link, in days: a link is a secret in somebody's mail.</summary>
    const int MaxLinkDays = 30;

    /// <summary>
    /// What a node has to do something about: recordings that were deleted, whose files it still has, and those that it was writing when it was killed, whose
    /// length nobody knows (<see cref="RecordingState.Cut"/> without <see cref="Recording.Ended"/>).
    /// </summary>
    [Alias("ListUnsettled")]
    Task<ImmutableArray<Recording>> ListUnsettled(string node);

    /// <summary>A node says that the files of these are gone: because they were deleted, or because its retention or its quota took them.</summary>
    [Alias("Forget")]
    Task Forget(ImmutableArray<Recording> gone);
}
