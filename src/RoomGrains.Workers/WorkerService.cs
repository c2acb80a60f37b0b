using System.Collections.Immutable;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RoomGrains.Workers.Storage;

namespace RoomGrains.Workers;

/// <summary>
/// What a worker does beside running jobs: it looks after the cluster's jobs each second, so that those of a node that died go on; and it keeps the index of
/// recordings and this node's disk in line with each other.
/// </summary>
public sealed partial class WorkerService(FfmpegWorker worker, WorkerHome home, IGrainFactory grains, TimeProvider time, ILogger<WorkerService> logger) : BackgroundService
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(1);

    /// <summary>How often the disk is compared with the index: a recording that somebody deleted is gone after that.</summary>
    private static readonly TimeSpan KeepPeriod = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);

    /// <summary>What quota and retention have taken, and the index has not been told.</summary>
    private readonly List<RemovedResult> _removed = [];

    private bool _hasLooked;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Those of a node without slots are still its own.
        var keeping = RepeatAsync(KeepPeriod, () => KeepAsync(stoppingToken), stoppingToken);
        await RepeatAsync(LookPeriod, () => grains.GetMediaJobs().Look().WaitAsync(AnswerTime, time, stoppingToken), stoppingToken).ConfigureAwait(false);
        await keeping.ConfigureAwait(false);
    }

    private async Task RepeatAsync(TimeSpan period, Func<Task> act, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(period, time);
        try
        {
            do
            {
                try
                {
                    await act().ConfigureAwait(false);
                }
                catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or IOException or UnauthorizedAccessException)
                {
                    // The next time says it again.
                    Log.Unreachable(logger, e.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private async Task KeepAsync(CancellationToken stop)
    {
        _removed.AddRange(await worker.SweepAsync().ConfigureAwait(false));
        // All of them once, for what a predecessor has not told the index; then those that have something here.
        foreach (var application in _hasLooked ? [.. worker.Applications.Union(_removed.Select(r => r.Application))] : await grains.GetCluster().ListApplications().WaitAsync(AnswerTime, time, stop).ConfigureAwait(false))
        {
            var recordings = grains.GetRecordings(application);
            var gone = ImmutableArray.CreateBuilder<Recording>();
            foreach (var recording in await recordings.ListUnsettled(home.Node).WaitAsync(AnswerTime, time, stop).ConfigureAwait(false))
                if (recording.State != RecordingState.Deleted)
                    await MeasureAsync(recordings, recording, stop).ConfigureAwait(false);
                else if (await worker.TryDeleteAsync(recording.File).ConfigureAwait(false))
                    gone.Add(recording);
            if (_removed.Where(r => r.Application == application).Select(r => r.File).ToHashSet(StringComparer.Ordinal) is { Count: > 0 } files)
                gone.AddRange((await recordings.List().WaitAsync(AnswerTime, time, stop).ConfigureAwait(false)).Where(r => r.Node == home.Node && files.Contains(r.File)));
            if (gone.Count > 0)
                await recordings.Forget(gone.ToImmutable()).WaitAsync(AnswerTime, time, stop).ConfigureAwait(false);
        }
        _hasLooked = true;
        _removed.Clear();
    }

    /// <summary>What this node was writing when it was killed: how long that is nobody could say, until the node is back.</summary>
    private async Task MeasureAsync(IRecordingsGrain recordings, Recording cut, CancellationToken stop)
    {
        // Of a folder its files don't tell; and where nothing is left there is nothing to measure, and it counts as it was last known.
        var file = await worker.InspectAsync(cut.File).ConfigureAwait(false);
        var duration = file is { Duration: var measured } && measured > TimeSpan.Zero ? measured : cut.Duration;
        await recordings.Put(cut with { Duration = duration, Bytes = file?.Bytes ?? 0, Sha256 = file?.Sha256 ?? "", Ended = cut.Started + duration }).WaitAsync(AnswerTime, time, stop).ConfigureAwait(false);
    }

    private static partial class Log
    {
        [LoggerMessage(5050, LogLevel.Debug, "The cluster could not be asked about jobs and recordings; it is asked again: {Error}")]
        public static partial void Unreachable(ILogger logger, string error);
    }
}
