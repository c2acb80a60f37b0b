namespace RoomGrains.Node.Api;

/// <summary>Media jobs, and what they have recorded.</summary>
internal static class JobEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var jobs = api.MapGroup("/jobs").WithTags("Media jobs");
        jobs.MapGet("", async (IGrainFactory grains) => (await grains.GetMediaJobs().List()).Select(WithoutSecrets)).WithName("listJobs").WithSummary("The media jobs of the cluster.");
        jobs.MapPost("", async (MediaJobRequest request, IGrainFactory grains) =>
                (await grains.GetMediaJobs().Start(request with { By = ApiEndpoints.By(request.By) })).ToResult(WithoutSecrets))
            .WithName("startJob").WithSummary("Start a job; asking again for one that runs means that one.");
        jobs.MapGet("/{id}", async (string id, IGrainFactory grains) =>
                (await grains.GetMediaJob(new JobId(id)).Describe()).ToResult(job => job with { Summary = WithoutSecrets(job.Summary) }))
            .WithName("showJob").WithSummary("A job and its parts.");
        jobs.MapGet("/{id}/logs", async (string id, IGrainFactory grains) => (await grains.GetMediaJob(new JobId(id)).Logs()).ToResult()).WithName("showJobLogs").WithSummary("What FFmpeg said last.");
        jobs.MapDelete("/{id}", async (string id, string? by, IGrainFactory grains) => (await grains.GetMediaJob(new JobId(id)).Stop(ApiEndpoints.By(by))).ToResult())
            .WithName("stopJob").WithSummary("Stop a job; what it has written stays.");

        var recordings = api.MapGroup("/recordings").WithTags("Recordings");
        recordings.MapGet("/{application}", async (string application, IGrainFactory grains) => TypedResults.Ok(await grains.GetRecordings(application).List()))
            .WithName("listRecordings").WithSummary("What the media jobs of an application have written.");
        recordings.MapDelete("/{application}/{job}/{part:int}", async (string application, string job, int part, IGrainFactory grains) =>
                (await grains.GetRecordings(application).Delete(new JobId(job), part)).ToResult())
            .WithName("deleteRecording").WithSummary("Delete a recording and its file.");
    }

    /// <summary>An address that is pushed to may have a key in it.</summary>
    private static MediaJobSummary WithoutSecrets(MediaJobSummary job) => job with { Request = job.Request.WithoutSecrets() };
}
