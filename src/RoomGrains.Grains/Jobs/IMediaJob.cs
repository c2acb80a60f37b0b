namespace RoomGrains.Grains.Jobs;

/// <summary>What the directory of jobs asks of a job: between our own grains, no part of the client API.</summary>
[Alias("RoomGrains.Grains.IMediaJob")]
internal interface IMediaJob : IGrainWithStringKey
{
    /// <summary>Begins. Returns when that is durable; refused where the node's worker finds fault with the request, and nothing is left behind then.</summary>
    [Alias("Begin")]
    Task<Answer<MediaJobSummary>> Begin(MediaJobRequest request);

    /// <summary>Goes on, where it does not anyway: its node has died.</summary>
    [Alias("Resume")]
    Task Resume();
}

/// <summary>What jobs tell the directory of jobs: between our own grains, no part of the client API.</summary>
[Alias("RoomGrains.Grains.IMediaJobRegister")]
internal interface IMediaJobRegister : IGrainWithStringKey
{
    /// <summary>A job says how it is, every few seconds and when something changes. That it has ended is durable when this returns.</summary>
    /// <param name="job">Its line.</param>
    /// <param name="silo">The silo that it is on, as <see cref="NodeReport.SiloAddress"/>.</param>
    [Alias("Report")]
    Task Report(MediaJobSummary job, string silo);

    /// <summary>A job's activation has ended and the job has not: it is to be called, wherever it comes up.</summary>
    [Alias("Left")]
    Task Left(JobId job);
}
