using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RoomGrains.Grains.Jobs;
using RoomGrains.Hosting;
using RoomGrains.Workers.Destinations;
using RoomGrains.Workers.Processes;
using RoomGrains.Workers.Profiles;
using RoomGrains.Workers.Storage;
using RoomGrains.Workers.Streams;

namespace RoomGrains.Workers;

/// <summary>Runs media jobs on this node with FFmpeg. It takes some when it has started.</summary>
public sealed partial class FfmpegWorker : IMediaWorker, IHostedService, IDisposable
{
    private readonly WorkerOptions _options;
    private readonly WorkerParts _parts;
    private readonly MediaProfiles _profiles;
    private readonly CancellationTokenSource _draining = new();
    private readonly Lock _gate = new();
    private volatile FfmpegTools _tools = FfmpegTools.Unknown;
    private int _busy;

    /// <summary>Takes what the services of the node have.</summary>
    /// <exception cref="InvalidOperationException">The profiles cannot be used: see <see cref="ProblemsOf"/>.</exception>
    public FfmpegWorker(IOptions<WorkerOptions> options, WorkerHome home, TicketSigner tickets, TimeProvider time, ILogger<FfmpegWorker> logger)
        : this(options.Value, home, tickets, time, logger, freeBytes: null)
    {
    }

    internal FfmpegWorker(WorkerOptions options, WorkerHome home, TicketSigner tickets, TimeProvider time, ILogger logger, Func<long>? freeBytes)
    {
        _options = options;
        _profiles = MediaProfiles.Load(options.Profiles, out var errors);
        if (errors.Count > 0)
            throw new InvalidOperationException(string.Join(Environment.NewLine, errors));
        var root = new MediaRoot(options.MediaFolder);
        var launcher = new ProcessLauncher(options.Niceness, new PidFiles(root.RunningFolder, logger));
        _parts = new WorkerParts(
            options, root, launcher, new GatewayLink(home, tickets, time), new DestinationGuard(options.Destinations),
            new StorageKeeper(root, options, time, logger), freeBytes ?? (() => root.FreeBytes), time, logger, _draining.Token);
    }

    /// <inheritdoc/>
    public MediaWorkerStatus Status => new(_options.EffectiveSlots, Volatile.Read(ref _busy), _tools.Capabilities, _parts.Launcher.Running.CpuTime, Trouble);

    /// <inheritdoc/>
    public CancellationToken Draining => _draining.Token;

    /// <summary>The processes that run, for tests.</summary>
    internal RunningProcesses Running => _parts.Launcher.Running;

    private string Trouble =>
        _options.EffectiveSlots == 0 ? "Workers:Slots is 0: this node runs no media jobs."
        : _tools.Trouble.Length > 0 ? _tools.Trouble
        : _draining.IsCancellationRequested ? "This node drains."
        : _parts.HasRoomToStart ? ""
        : _parts.NoRoom;

    /// <summary>What is wrong with the settings, each with its key; empty where they can be used.</summary>
    public static IReadOnlyList<string> ProblemsOf(WorkerOptions options)
    {
        MediaProfiles.Load(options.Profiles, out var errors);
        return [.. errors, .. options.Destinations.Where(entry => !DestinationRule.TryParse(entry, out _))
            .Select(entry => $"Workers:Destinations has '{entry}', but must be {DestinationRule.Form}.")];
    }

    /// <summary>Ends what a predecessor of this node has left, and finds out what FFmpeg can do here.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _parts.Launcher.PidFiles.SweepAsync(_parts.Time, cancellationToken).ConfigureAwait(false);
        _parts.Root.EmptyTemporary();
        if (_options.EffectiveSlots == 0)
            return;
        _tools = await FfmpegTools.FindAsync().ConfigureAwait(false);
        if (_tools.Trouble.Length > 0)
            Log.NoTools(_parts.Logger, _tools.Trouble);
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        Drain();
        return Task.CompletedTask;
    }

    /// <summary>Takes no more jobs; those that run complete their part and go on elsewhere.</summary>
    public void Drain() => _draining.Cancel();

    /// <inheritdoc/>
    public Refusal? Check(MediaJobRequest request)
    {
        if (_profiles.Read(request, out var refusal) is not { } read)
            return refusal;
        var stream = request.Stream;
        foreach (var name in (string[])[stream.Room.Application, stream.Room.Room, stream.Stream])
            if (!Names.IsValid(name))
                return new Refusal(RefusalCode.InvalidName, $"'{PlainText.Of(name)}' cannot be part of a stream's name. {Names.Rule}");
        if (read.Profile.Result == ProfileResult.Room && MediaTarget.NameOf(read, stream) is var published && !Names.IsValid(published))
            return new Refusal(RefusalCode.InvalidName, $"'{PlainText.Of(published)}', which '{read.Profile.Name}' would publish, cannot be a stream's name. {Names.Rule}");
        if (read.Profile.Result != ProfileResult.Address)
            return null;
        if (!PushAddress.TryParse(request.Parameters[MediaJobRequest.AddressParameter], out var to, out var problem))
            return new Refusal(RefusalCode.InvalidJob, $"'{read.Profile.Name}': {problem}");
        return _parts.Guard.Check(to) is { } why ? new Refusal(RefusalCode.Denied, why) : null;
    }

    /// <inheritdoc/>
    public string? Lacks(MediaJobRequest request)
    {
        var tools = _tools;
        if (!tools.Capabilities.Contains(FfmpegTools.Ffmpeg))
            return FfmpegTools.Ffmpeg;
        if (_profiles.Read(request, out _) is not { } read)
            return null;
        return read.Profile.Needs.Expand(read.WithoutStream).Select(FfmpegTools.Encoder).FirstOrDefault(encoder => !tools.Capabilities.Contains(encoder));
    }

    /// <inheritdoc/>
    public IDisposable? TryTakeSlot()
    {
        if (Trouble.Length > 0)
            return null;
        lock (_gate)
        {
            if (_busy >= _options.EffectiveSlots)
                return null;
            _busy++;
            return new Slot(this);
        }
    }

    /// <inheritdoc/>
    public async Task<MediaRunResult> RunAsync(MediaRun run, CancellationToken stop)
    {
        if (Check(run.Request) is { } refusal)
            return new MediaRunResult(MediaRunEnd.Unable, refusal.Message, null);
        return await new MediaAttempt(_parts, _profiles.Read(run.Request, out _)!, run).RunAsync(stop).ConfigureAwait(false);
    }

    /// <summary>Keeps results within <see cref="WorkerOptions.Quota"/> and <see cref="WorkerOptions.Retention"/>.</summary>
    /// <returns>What was removed: the index must hear of it.</returns>
    public Task<IReadOnlyList<RemovedResult>> SweepAsync() => Task.Run(_parts.Keeper.Sweep);

    /// <summary>The applications that have results on this node's disk.</summary>
    public IEnumerable<string> Applications => _parts.Root.Applications;

    /// <summary>Removes a result that somebody has deleted; false while it is being written, and where its name is none.</summary>
    public Task<bool> TryDeleteAsync(string file) => Task.Run(() => _parts.Keeper.TryDelete(file));

    /// <summary>Measures a result that lies on this node's disk: one that a node was writing when it was killed. Null where nothing is there.</summary>
    /// <param name="file">As <see cref="Recording.File"/>.</param>
    public Task<MediaFile?> InspectAsync(string file) => ResultInspector.InspectAsync(_parts.Root, file, isWhole: false, TimeSpan.Zero, _parts.Time);

    /// <summary>The path of a result on this node's disk.</summary>
    /// <param name="file">As <see cref="Recording.File"/>.</param>
    /// <exception cref="ArgumentException">It is no name of a result: nothing outside the media folder has one.</exception>
    public string PathOf(string file) => _parts.Root.PathOf(file);

    /// <inheritdoc/>
    public void Dispose()
    {
        _parts.Launcher.Dispose();
        _draining.Dispose();
    }

    private sealed class Slot(FfmpegWorker worker) : IDisposable
    {
        private int _done;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _done, 1) == 0)
                Interlocked.Decrement(ref worker._busy);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5000, LogLevel.Warning, "This node takes no media jobs. {Trouble}")]
        public static partial void NoTools(ILogger logger, string trouble);
    }
}
