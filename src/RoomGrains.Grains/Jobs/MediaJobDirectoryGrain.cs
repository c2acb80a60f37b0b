using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using RoomGrains.Grains.Nodes;
using RoomGrains.Grains.Placement;
using RoomGrains.Grains.Storage;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Jobs;

/// <summary>What is durable about the jobs of the cluster. Each job keeps its own affairs.</summary>
[GenerateSerializer, Alias("RoomGrains.Grains.JobDirectoryState")]
internal sealed record JobDirectoryState
{
    /// <summary>Jobs that have not ended, as they were when they began.</summary>
    [Id(0)] public ImmutableDictionary<JobId, MediaJobSummary> Live { get; init; } = ImmutableDictionary<JobId, MediaJobSummary>.Empty;

    /// <summary>Those that ended last, the eldest first.</summary>
    [Id(1)] public ImmutableList<MediaJobSummary> Ended { get; init; } = [];
}

/// <summary>
/// The list of jobs, and who wakes them. A job's grain lives where its FFmpeg runs, and when that silo dies nobody would call it any more: here it is missed,
/// and called. This grain itself is called by every worker each second (<see cref="Look"/>), and needs no timer: where there is no worker, no job could run.
/// </summary>
[LoadPlacement, Reentrant]
internal sealed partial class MediaJobDirectoryGrain(
    [PersistentState("jobs")] IPersistentState<JobDirectoryState> state,
    IOptions<JobOptions> options,
    GrainMetrics metrics,
    SiloLife silos,
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock,
    ILogger<MediaJobDirectoryGrain> logger) : Grain, IMediaJobDirectoryGrain, IMediaJobRegister
{
    private const int MaxParameters = 16;
    private const int MaxParameterLength = 1024;

    /// <summary>Jobs report every two seconds: one that has not for this long is called, wherever it is. Where it lives that costs one call.</summary>
    internal static readonly TimeSpan Overdue = TimeSpan.FromSeconds(6);

    private readonly StateStore<JobDirectoryState> _store = new(state);
    private readonly Dictionary<JobId, Heard> _heard = [];
    private readonly HashSet<JobId> _waking = [];

    public async Task<Answer<MediaJobSummary>> Start(MediaJobRequest request)
    {
        if (Wrong(request) is { } wrong)
            return wrong;
        if (_store.Value.Live.Values.FirstOrDefault(job => IsSame(job.Request, request)) is { } same)
            return Shown(_heard.GetValueOrDefault(same.Id)?.Line ?? same);
        if (_store.Value.Live.Count >= options.Value.MaxJobs)
        {
            metrics.LimitHit("jobs");
            return new Refusal(RefusalCode.TooManyJobs, $"The cluster has as many media jobs as it may ({options.Value.MaxJobs}, Jobs:MaxJobs). 'roomctl jobs list' shows them.");
        }
        var job = new MediaJobSummary { Id = JobId.New(), Request = request, State = MediaJobState.Queued, Since = clock.GetUtcNow() };
        // Known before it begins: should this silo die in between, the job is called, finds that it never began, and is struck off.
        _waking.Add(job.Id);
        try
        {
            await _store.Change(s => s with { Live = s.Live.Add(job.Id, job) });
            var begun = await Begin(job);
            if (!begun.IsDone)
                await _store.Change(s => s with { Live = s.Live.Remove(job.Id) });
            return begun;
        }
        finally
        {
            _waking.Remove(job.Id);
        }
    }

    public Task<ImmutableArray<MediaJobSummary>> List() => Task.FromResult<ImmutableArray<MediaJobSummary>>(
    [
        .. _store.Value.Live.Values.Select(job => Shown(_heard.GetValueOrDefault(job.Id)?.Line ?? job)).OrderByDescending(job => job.Id.Value, StringComparer.Ordinal),
        .. _store.Value.Ended.Reverse(),
    ]);

    public Task Look()
    {
        var now = clock.GetUtcNow();
        foreach (var id in _store.Value.Live.Keys)
        {
            var heard = _heard.GetValueOrDefault(id);
            var missed = heard is null || now - heard.At >= Overdue || silos.IsDead(heard.Silo);
            if (missed && !silos.IsStopping && _waking.Add(id))
                Wake(id).Ignore();
        }
        return Task.CompletedTask;
    }

    public async Task Report(MediaJobSummary job, string silo)
    {
        if (!_store.Value.Live.TryGetValue(job.Id, out var begun))
            return;
        // One that never began does not know what it should have been.
        job = job with { Request = begun.Request.WithoutSecrets(), Since = begun.Since };
        _heard[job.Id] = new Heard(job, silo, clock.GetUtcNow());
        if (!job.IsOver)
            return;
        await _store.Change(s => s.Live.ContainsKey(job.Id)
            ? s with { Live = s.Live.Remove(job.Id), Ended = Last(s.Ended.Add(job)) }
            : s);
        _heard.Remove(job.Id);
        Log.Ended(logger, job.Id, job.Request.Profile, job.Request.Stream, job.State, job.Reason);
    }

    public Task Left(JobId job)
    {
        if (_heard.TryGetValue(job, out var heard))
            _heard[job] = heard with { At = DateTimeOffset.MinValue };
        return Task.CompletedTask;
    }

    private async Task<Answer<MediaJobSummary>> Begin(MediaJobSummary job)
    {
        try
        {
            RequestContext.Set(LoadPlacementDirector.NearKey, await Origin(job.Request.Stream));
            var begun = await GrainFactory.GetGrain<IMediaJob>(job.Id.Value).Begin(job.Request);
            if (begun.IsDone)
                _heard.TryAdd(job.Id, new Heard(begun.Value, "", clock.GetUtcNow()));
            return begun;
        }
        catch (Exception e) when (Retry.IsInfrastructure(e))
        {
            Log.NotBegun(logger, job.Id, e.Message);
            return new Refusal(RefusalCode.Unavailable, "No node of this cluster can run media jobs now: a worker needs ffmpeg, room on its disk, and Workers:Slots above 0. 'roomctl nodes list' shows the nodes.");
        }
        finally
        {
            RequestContext.Remove(LoadPlacementDirector.NearKey);
        }
    }

    /// <summary>The node on which the stream is published; empty where it is not.</summary>
    private async Task<string> Origin(StreamKey stream)
    {
        try
        {
            var room = await GrainFactory.GetRoom(stream.Room).Describe();
            return room.Value?.Streams.FirstOrDefault(s => s.Name == stream.Stream)?.Origin ?? "";
        }
        catch (Exception e) when (Retry.IsInfrastructure(e))
        {
            return "";
        }
    }

    /// <summary>Calls a job that has not been heard of. It is placed anew where its silo is dead.</summary>
    private async Task Wake(JobId id)
    {
        try
        {
            // Where it was, among equals: what it has written lies there.
            RequestContext.Set(LoadPlacementDirector.NearKey, _heard.GetValueOrDefault(id)?.Line.Node ?? "");
            await GrainFactory.GetGrain<IMediaJob>(id.Value).Resume();
        }
        catch (Exception e) when (Retry.IsInfrastructure(e))
        {
            // Nobody can take it now: it is queued here.
            if (_store.Value.Live.TryGetValue(id, out var job))
                _heard[id] = new Heard(job with { State = MediaJobState.Queued, Reason = "No node that can run it is there." }, "", DateTimeOffset.MinValue);
            Log.NotWoken(logger, id, e.Message);
        }
        finally
        {
            RequestContext.Remove(LoadPlacementDirector.NearKey);
            _waking.Remove(id);
        }
    }

    private static MediaJobSummary Shown(MediaJobSummary job) => job with { Request = job.Request.WithoutSecrets() };

    private ImmutableList<MediaJobSummary> Last(ImmutableList<MediaJobSummary> ended) =>
        ended.Count <= options.Value.KeepEnded ? ended : ended.RemoveRange(0, ended.Count - options.Value.KeepEnded);

    private static bool IsSame(MediaJobRequest one, MediaJobRequest other) =>
        one.Profile == other.Profile && one.Stream == other.Stream && one.Parameters.SequenceEqual(other.Parameters);

    private static Refusal? Wrong(MediaJobRequest request)
    {
        if (!StreamKey.TryParse(request.Stream.ToString(), out _))
            return new Refusal(RefusalCode.InvalidName, $"The stream must be application/room/stream. {Names.Rule}");
        if (!Names.IsValid(request.Profile))
            return new Refusal(RefusalCode.InvalidJob, $"The profile's name is not allowed. {Names.Rule}");
        if (request.Parameters.Count > MaxParameters || request.Parameters.Any(p => !Names.IsValid(p.Key) || p.Value.Length > MaxParameterLength || p.Value.Any(char.IsControl)))
            return new Refusal(RefusalCode.InvalidJob, $"A job has up to {MaxParameters} parameters, each with a name and up to {MaxParameterLength} characters without control characters.");
        return null;
    }

    private sealed record Heard(MediaJobSummary Line, string Silo, DateTimeOffset At);

    private static partial class Log
    {
        [LoggerMessage(1500, LogLevel.Information, "Job {Job} ({Profile} of {Stream}) is over: {State}. {Reason}")]
        public static partial void Ended(ILogger logger, JobId job, string profile, StreamKey stream, MediaJobState state, string reason);

        [LoggerMessage(1501, LogLevel.Warning, "Job {Job} could not begin: {Error}")]
        public static partial void NotBegun(ILogger logger, JobId job, string error);

        [LoggerMessage(1502, LogLevel.Debug, "Job {Job} could not be called; it is called again: {Error}")]
        public static partial void NotWoken(ILogger logger, JobId job, string error);
    }
}
