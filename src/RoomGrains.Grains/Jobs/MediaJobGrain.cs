using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Utilities;
using RoomGrains.Grains.Nodes;
using RoomGrains.Grains.Placement;
using RoomGrains.Grains.Storage;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Jobs;

/// <summary>
/// A media job. The grain lives where its FFmpeg runs: it is placed on the worker with the most room, and moves, with what it remembers, when that has no slot
/// after all, is drained, or lacks what the job needs. What it answers is here; what it does is in the other part (<see cref="Drive"/>).
/// </summary>
/// <remarks>
/// Two activations can exist for a moment when the cluster is torn. Each counts up the epoch before it works, and the storage lets one of the two: the other is told that
/// its copy is old, and ends. One that worked already and is cut off loses its stream, because its gateway loses its clients (Node:IsolationTime); what it has
/// written until then has a number of its own, and is found.
/// </remarks>
[LoadPlacement(Role = NodeRoles.Worker), Reentrant]
internal sealed partial class MediaJobGrain : Grain, IMediaJobGrain, IMediaJob, IGrainMigrationParticipant, IDisposable
{
    private const string LogKey = "log";
    private const int MaxWatchers = 20;

    private static readonly TimeSpan TickPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReportPeriod = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WatchTime = TimeSpan.FromMinutes(1);

    private readonly StateStore<JobRecord> _store;
    private readonly IMediaWorker _worker;
    private readonly LoadTable _loads;
    private readonly SiloLife _silos;
    private readonly ILocalSiloDetails _silo;
    private readonly JobOptions _options;
    private readonly GrainMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<MediaJobGrain> _logger;
    private readonly ObserverManager<IMediaJobObserver> _watchers;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _leave = new();
    private readonly LogTail _log = new();
    private Task _driving = Task.CompletedTask;
    private JobId _id;
    private MediaJobState _state = MediaJobState.Queued;
    private string _reason = "";
    private string _node = "";
    private MediaProgress? _progress;
    private Refusal? _refused;

    /// <summary>When FFmpeg began to run in the present attempt; null while it has not.</summary>
    private long? _beganAt;
    private DateTimeOffset _reportedAt;
    private bool _begins;
    private bool _endReported;

    public MediaJobGrain(
        [PersistentState("job")] IPersistentState<JobRecord> state, IMediaWorker worker, LoadTable loads, SiloLife silos, ILocalSiloDetails silo, IOptions<JobOptions> options, GrainMetrics metrics,
        [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock, ILogger<MediaJobGrain> logger)
    {
        _store = new StateStore<JobRecord>(state);
        (_worker, _loads, _silos, _silo, _options, _metrics, _clock, _logger) = (worker, loads, silos, silo, options.Value, metrics, clock, logger);
        _watchers = new ObserverManager<IMediaJobObserver>(WatchTime, logger) { GetDateTime = () => clock.GetUtcNow().UtcDateTime };
    }

    private JobRecord Record => _store.Value;

    private bool Exists => Record.Request is not null;

    private bool IsOver => Record.End is not null;

    private IMediaJobRegister Register => GrainFactory.GetGrain<IMediaJobRegister>(ClusterKey.Only);

    private IRecordingsGrain Recordings => GrainFactory.GetRecordings(Record.Request!.Stream.Room.Application);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (!JobId.TryParse(this.GetPrimaryKeyString(), out _id))
            throw new ArgumentException($"'{this.GetPrimaryKeyString()}' is no media job: its id has 26 characters.");
        if (Record.StoppedBy is not null)
            _stop.Cancel();
        if (Exists && !IsOver)
            Go();
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // Whoever comes after this activation must find no process of it, and its part complete.
        await _leave.CancelAsync();
        await _driving.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        // Orleans ends grains of a living silo whose directory entries a dead one had. Such a job comes up again with the next call: soon.
        if (Exists && !IsOver && reason.ReasonCode is not DeactivationReasonCode.Migrating)
            Register.Left(_id).Ignore();
    }

    public void Dispose()
    {
        // What could not be ended in time still asks them.
        if (!_driving.IsCompleted)
            return;
        _stop.Dispose();
        _leave.Dispose();
    }

    public async Task<Answer<MediaJobSummary>> Begin(MediaJobRequest request)
    {
        if (Exists || _begins)
            return Summary();
        if (_worker.Check(request) is { } wrong)
        {
            DeactivateOnIdle();
            return wrong;
        }
        _begins = true;
        try
        {
            await _store.Change(r => r with { Request = request, Since = _clock.GetUtcNow() });
        }
        finally
        {
            _begins = false;
        }
        Go();
        return Summary();
    }

    public async Task Resume()
    {
        if (Exists)
        {
            if (IsOver)
                _endReported = false;
            await Report();
        }
        else if (!_begins)
        {
            // It never began: its node died before that was durable.
            await Register.Report(new MediaJobSummary
            {
                Id = _id, Request = new MediaJobRequest { Profile = "none", Stream = default }, State = MediaJobState.Failed, Reason = "It never began: a node died in that moment.", Ended = _clock.GetUtcNow(),
            }, _silo.SiloAddress.ToParsableString());
            DeactivateOnIdle();
        }
    }

    public Task<Answer<MediaJobDetails>> Describe()
    {
        if (Exists)
            return Task.FromResult<Answer<MediaJobDetails>>(Details());
        DeactivateOnIdle();
        return Task.FromResult<Answer<MediaJobDetails>>(Unknown());
    }

    public async Task<Answer> Stop(string by)
    {
        if (!Exists)
            return Unknown();
        if (IsOver || Record.StoppedBy is not null)
            return Answer.Done;
        await _store.Change(r => r with { StoppedBy = PlainText.Of(by, "somebody") });
        SetState(MediaJobState.Stopping, $"Stopped by {Record.StoppedBy}.");
        await _stop.CancelAsync();
        return Answer.Done;
    }

    public Task<Answer<ImmutableArray<string>>> Logs() => Task.FromResult<Answer<ImmutableArray<string>>>(Exists ? _log.Lines : Unknown());

    public Task<Answer<MediaJobDetails>> Watch(IMediaJobObserver observer)
    {
        if (!Exists)
            return Task.FromResult<Answer<MediaJobDetails>>(Unknown());
        if (!_watchers.Observers.ContainsKey(observer) && _watchers.Count >= MaxWatchers)
            return Task.FromResult<Answer<MediaJobDetails>>(new Refusal(RefusalCode.TooManyWatchers, $"As many watch the job {_id} as may ({MaxWatchers})."));
        _watchers.Subscribe(observer, observer);
        return Task.FromResult<Answer<MediaJobDetails>>(Details());
    }

    public Task Unwatch(IMediaJobObserver observer)
    {
        _watchers.Unsubscribe(observer);
        return Task.CompletedTask;
    }

    public void OnDehydrate(IDehydrationContext context) => context.TryAddValue(LogKey, _log.Lines.ToList());

    public void OnRehydrate(IRehydrationContext context)
    {
        if (context.TryGetValue<List<string>>(LogKey, out var lines))
            foreach (var line in lines!)
                _log.Add(line);
    }

    /// <summary>Begins to work. A timer keeps the grain alive, and reports.</summary>
    private void Go()
    {
        this.RegisterGrainTimer(Tick, new GrainTimerCreationOptions(TickPeriod, TickPeriod) { Interleave = true, KeepAlive = true });
        _driving = Drive();
    }

    private async Task Tick()
    {
        _watchers.ClearExpired();
        if (_state == MediaJobState.Running)
            TellWatchers();
        if (IsOver ? !_endReported : _clock.GetUtcNow() - _reportedAt >= ReportPeriod)
            await Report();
        // Nobody needs it in memory any more, once the directory has it.
        if (IsOver && _endReported)
            DeactivateOnIdle();
    }

    private void SetState(MediaJobState state, string reason = "")
    {
        if (_state == state && _reason == reason)
            return;
        (_state, _reason) = (state, reason);
        if (state != MediaJobState.Running)
            _progress = null;
        TellWatchers();
        Report().Ignore();
    }

    private void TellWatchers()
    {
        if (_watchers.Count == 0)
            return;
        var summary = Summary();
        _watchers.Notify(watcher => watcher.OnChanged(summary).Ignore());
    }

    private async Task Report()
    {
        if (_silos.IsStopping)
            return;
        var ends = IsOver;
        _reportedAt = _clock.GetUtcNow();
        try
        {
            await Register.Report(Summary(), _silo.SiloAddress.ToParsableString());
            _endReported |= ends;
        }
        catch (Exception e) when (Retry.IsInfrastructure(e))
        {
            // The next report says it again.
            Log.ReportFailed(_logger, _id, e.Message);
        }
    }

    private MediaJobDetails Details() => new(Summary(), [.. Record.Parts]);

    private MediaJobSummary Summary() => new()
    {
        Id = _id,
        Request = Record.Request!.WithoutSecrets(),
        State = Record.End ?? _state,
        Node = IsOver ? Record.Parts.LastOrDefault()?.Node ?? "" : _node,
        Since = Record.Since,
        Ended = Record.Ended,
        Epoch = Record.Epoch,
        Part = Record.Parts.LastOrDefault()?.Part ?? 0,
        Restarts = Record.Restarts,
        Reason = IsOver ? Record.Reason : _reason,
        Progress = _progress,
        Path = Record.Parts.LastOrDefault() is { } part ? part.Path : "",
    };

    private Refusal Unknown() => new(RefusalCode.UnknownJob, $"There is no media job {_id}. 'roomctl jobs list --all' shows those there are, and those that ended last.");

    private static partial class Log
    {
        [LoggerMessage(1510, LogLevel.Debug, "Job {Job} could not be reported; the next report says it again: {Error}")]
        public static partial void ReportFailed(ILogger logger, JobId job, string error);

        [LoggerMessage(1511, LogLevel.Warning, "Job {Job}: attempt {Attempt} failed, the next is in {Pause}. {Reason}")]
        public static partial void Failed(ILogger logger, JobId job, int attempt, TimeSpan pause, string reason);

        [LoggerMessage(1512, LogLevel.Error, "Job {Job} gives up after {Attempts} failures in a row. {Reason} It last said: {Tail}")]
        public static partial void GaveUp(ILogger logger, JobId job, int attempts, string reason, string tail);

        [LoggerMessage(1513, LogLevel.Information, "Job {Job} ({Profile} of {Stream}) runs on {Node}, epoch {Epoch}")]
        public static partial void Runs(ILogger logger, JobId job, string profile, StreamKey stream, string node, long epoch);

        [LoggerMessage(1514, LogLevel.Information, "Job {Job} goes on on {Node}: {Reason}")]
        public static partial void Moves(ILogger logger, JobId job, string node, string reason);

        [LoggerMessage(1516, LogLevel.Error, "Job {Job}: a fault of this node; it is tried again")]
        public static partial void Fault(ILogger logger, Exception error, JobId job);

        [LoggerMessage(1515, LogLevel.Warning, "Job {Job} cannot write what it knows, and tries again: {Error}")]
        public static partial void CannotWrite(ILogger logger, JobId job, string error);
    }
}
