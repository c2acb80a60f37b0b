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

    /// <summary>The deleted recordings that a node still has.</summary>
    [Alias("ListDeleted")]
    Task<ImmutableArray<Recording>> ListDeleted(string node);

    /// <summary>A node says that the files of these are gone: because they were deleted, or because its retention or its quota took them.</summary>
    [Alias("Forget")]
    Task Forget(ImmutableArray<Recording> gone);
}
