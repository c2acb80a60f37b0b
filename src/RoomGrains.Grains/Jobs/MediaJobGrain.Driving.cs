using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Placement;
using Orleans.Storage;
using RoomGrains.Grains.Nodes;

namespace RoomGrains.Grains.Jobs;

/// <summary>What a job does, from its start on this node until it has ended, or goes on on another.</summary>
internal sealed partial class MediaJobGrain
{
    /// <summary>How long to wait for a slot before looking again.</summary>
    private static readonly TimeSpan SlotPause = TimeSpan.FromSeconds(1);

    /// <summary>How long a move may take: where it has come to nothing, because the other node has gone in the same moment, the job goes on here.</summary>
    private static readonly TimeSpan MoveTime = TimeSpan.FromSeconds(5);

    /// <summary>How often the index hears how far a part is.</summary>
    private static readonly TimeSpan PutPeriod = TimeSpan.FromSeconds(2);

    /// <summary>What follows from the end of an attempt.</summary>
    private enum Next
    {
        Again,
        Elsewhere,
        Over,
    }

    private async Task Drive()
    {
        // The caller has its answer before the first step.
        await Task.Yield();
        while (!IsOver && !_leave.IsCancellationRequested)
        {
            try
            {
                await Step();
            }
            catch (RefusalException e)
            {
                // Nothing that another attempt would change. It is written down by the next step, which is repeated where that fails.
                _refused = e.Refusal;
            }
            catch (OperationCanceledException) when (_leave.IsCancellationRequested)
            {
                return;
            }
            catch (InconsistentStateException)
            {
                // Another activation has gone on in the meantime: this one is the old one.
                DeactivateOnIdle();
                return;
            }
            catch (Exception e) when (Retry.IsInfrastructure(e))
            {
                Log.CannotWrite(_logger, _id, e.Message);
                SetState(MediaJobState.Retrying, "What is known of the job could not be written down.");
                await Pause(_options.FirstPause);
            }
            catch (Exception e)
            {
                // Whatever it is: a job that says that it runs, and that nobody drives, would wait for ever.
                Log.Fault(_logger, e, _id);
                SetState(MediaJobState.Retrying, $"A fault of this node: {PlainText.Of(e.Message)}");
                await Pause(_options.LongestPause);
            }
        }
    }

    /// <summary>Ends the job where it is to end; else one turn of this node at it, from the slot to the end of the last attempt.</summary>
    private async Task Step()
    {
        if (_refused is { } refusal)
        {
            await End(MediaJobState.Failed, refusal.Message);
            return;
        }
        if (_stop.IsCancellationRequested)
        {
            await End(MediaJobState.Finished, $"Stopped by {Record.StoppedBy}.");
            return;
        }
        using (var slot = await TakeSlot())
        {
            if (slot is null)
                return;
            await BeginTurn();
            if (await Work() == Next.Over)
                return;
        }
        await Pause(MoveElsewhere() ? MoveTime : TimeSpan.Zero);
    }

    /// <summary>A slot of this node; null when there was none, and it is time to look again, or to go.</summary>
    private async Task<IDisposable?> TakeSlot()
    {
        var lacks = _worker.Lacks(Record.Request!);
        if (lacks is null && _worker.TryTakeSlot() is { } slot)
            return slot;
        SetState(MediaJobState.Queued, lacks is not null ? $"No worker with a free slot has {lacks}." : _worker.Status.Trouble is { Length: > 0 } trouble ? trouble : "Every worker's slots are taken.");
        await Pause(MoveElsewhere() ? MoveTime : SlotPause);
        return null;
    }

    /// <summary>This node's turn begins. What the node before it was writing when it died is as far as it came.</summary>
    private async Task BeginTurn()
    {
        var cut = Record.Parts.Where(p => p.State == RecordingState.Writing).Select(p => p with { State = RecordingState.Cut }).ToArray();
        await _store.Change(r => cut.Aggregate(r with { Epoch = r.Epoch + 1 }, (record, part) => record.With(part)));
        _node = _silo.Name;
        // Those that were completed, too, where a silo that ended had no time to say so.
        foreach (var part in Record.Parts.Where(p => Record.Untold.Contains(p.Part)).ToArray())
            await Tell(part);
        Log.Runs(_logger, _id, Record.Request!.Profile, Record.Request.Stream, _node, Record.Epoch);
    }

    /// <summary>Attempt after attempt, until the job is over or this node cannot go on with it.</summary>
    private async Task<Next> Work()
    {
        var patience = Record.Parts.Count == 0 ? _options.StreamWait : _options.PublisherGrace;
        while (true)
        {
            SetState(MediaJobState.Waiting, "Nobody publishes the stream.");
            _beganAt = null;
            var result = await Attempt(patience);
            if (result.End is MediaRunEnd.Stopped)
                return await Stopped();
            if (result.End is MediaRunEnd.NoStream)
                return Record.Parts.Count > 0
                    ? await End(MediaJobState.Finished, "The stream has ended.")
                    : await End(MediaJobState.Failed, $"Nobody has published the stream within {Hosting.Duration.Format(patience)}.");
            patience = _options.PublisherGrace;
            if (result.End is MediaRunEnd.StreamEnded)
                continue;
            var wasSteady = _beganAt is { } began && _clock.GetElapsedTime(began) >= _options.SteadyTime;
            var failures = wasSteady ? 1 : Record.Failures + 1;
            if (await Failed(result, failures) is var next and not Next.Again)
                return next;
        }
    }

    private async Task<Next> Stopped()
    {
        if (!_stop.IsCancellationRequested)
            return Next.Elsewhere;
        return await End(MediaJobState.Finished, $"Stopped by {Record.StoppedBy}.");
    }

    private async Task<Next> Failed(MediaRunResult result, int failures)
    {
        if (failures > _options.MaxFailures)
        {
            Log.GaveUp(_logger, _id, failures, result.Reason, string.Join(" | ", _log.Lines.TakeLast(5)));
            return await End(MediaJobState.Failed, $"FFmpeg failed {failures} times in a row. {result.Reason} 'roomctl jobs logs' shows what it said.");
        }
        var pause = _options.FirstPause * Math.Pow(2, Math.Min(failures - 1, 20));
        pause = pause < _options.LongestPause ? pause : _options.LongestPause;
        Log.Failed(_logger, _id, failures, pause, result.Reason);
        _metrics.JobFailed(Record.Request!.Profile);
        SetState(MediaJobState.Retrying, result.Reason);
        await _store.Change(r => r with { Restarts = r.Restarts + 1, Failures = failures });
        await Pause(pause);
        if (_stop.IsCancellationRequested)
            return await Stopped();
        return result.End is MediaRunEnd.Unable || _leave.IsCancellationRequested || _worker.Draining.IsCancellationRequested ? Next.Elsewhere : Next.Again;
    }

    /// <summary>One attempt, and what it leaves behind in the index.</summary>
    private async Task<MediaRunResult> Attempt(TimeSpan patience)
    {
        await _store.Change(r => r with { Numbers = r.Numbers + 1 });
        var scheduler = TaskScheduler.Current;
        Task begun = Task.CompletedTask;
        Recording? part = null;
        DateTimeOffset putAt = default;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, _leave.Token, _worker.Draining);
        var result = await _worker.RunAsync(new MediaRun
        {
            Job = _id,
            Epoch = Record.Epoch,
            Part = Record.Numbers,
            Request = Record.Request!,
            Patience = patience,
            Log = _log,
            // They come from any thread; what is the grain's happens in its turns.
            Started = file => begun = Turn(() => Begun(file)),
            Progress = progress => Turn(() => Progressed(progress)).Ignore(),
        }, stop.Token);
        try
        {
            await begun;
        }
        finally
        {
            if (_beganAt is not null)
                _metrics.Jobs(Record.Request!.Profile, -1);
        }
        if (part is not null)
            await Complete(Completed(part, result.Result));
        return result;

        Task Turn(Func<Task> action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.None, scheduler).Unwrap();

        async Task Begun(string file)
        {
            SetState(MediaJobState.Running);
            _beganAt = _clock.GetTimestamp();
            _metrics.Jobs(Record.Request!.Profile, 1);
            if (file.Length == 0)
                return;
            part = new Recording
            {
                Job = _id, Part = Record.Numbers, Profile = Record.Request.Profile, Stream = Record.Request.Stream, Node = _node, File = file,
                State = RecordingState.Writing, Started = _clock.GetUtcNow(),
            };
            putAt = _clock.GetUtcNow();
            try
            {
                await Keep(part);
            }
            catch (Exception e) when (Retry.IsInfrastructure(e) && e is not InconsistentStateException)
            {
                // What is being written is worth more than its line in the index, which is written again when it is complete.
                Log.CannotWrite(_logger, _id, e.Message);
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }

        async Task Progressed(MediaProgress progress)
        {
            if (_state != MediaJobState.Running)
                return;
            _metrics.JobProgress(Record.Request!.Profile, progress.MediaTime - (_progress?.MediaTime ?? TimeSpan.Zero), progress.Bytes - (_progress?.Bytes ?? 0));
            _progress = progress;
            if (part is null || _clock.GetUtcNow() - putAt < PutPeriod)
                return;
            putAt = _clock.GetUtcNow();
            part = part with { Duration = progress.MediaTime, Bytes = progress.Bytes };
            await Recordings.Put(part);
        }
    }

    private Recording Completed(Recording part, MediaFile? file) => part with
    {
        State = file is { IsWhole: true } ? RecordingState.Complete : RecordingState.Cut,
        Ended = _clock.GetUtcNow(),
        File = file?.File ?? part.File,
        Duration = file?.Duration ?? part.Duration,
        Bytes = file?.Bytes ?? part.Bytes,
        Sha256 = file?.Sha256 ?? "",
    };

    private async Task<Recording> Keep(Recording part)
    {
        await _store.Change(r => r.With(part));
        await Tell(part);
        return part;
    }

    private async Task Tell(Recording part)
    {
        await Recordings.Put(part).WaitAsync(_leave.Token);
        await _store.Change(r => r with { Untold = r.Untold.Remove(part.Part) });
    }

    private async Task Complete(Recording part)
    {
        try
        {
            await Retry.Unreachable(() => Keep(part), _clock, e => Log.CannotWrite(_logger, _id, e.Message), _leave.Token);
        }
        catch (OperationCanceledException)
        {
            // This silo ends, and perhaps the index with it. The job's own record has it; the next turn tells the index.
        }
    }

    private async Task<Next> End(MediaJobState state, string reason)
    {
        await _store.Change(r => r with { End = state, Reason = reason, Ended = _clock.GetUtcNow() });
        _metrics.JobEnded(Record.Request!.Profile, state);
        TellWatchers();
        await Report();
        return Next.Over;
    }

    /// <summary>Goes to a worker that has a free slot and what the job needs; false where there is none.</summary>
    private bool MoveElsewhere()
    {
        if (_stop.IsCancellationRequested || _leave.IsCancellationRequested)
            return false;
        var lacks = _worker.Lacks(Record.Request!);
        if (_loads.ChooseWorker("", free: true, n => n.Name != _silo.Name && (lacks is null || n.Capabilities.Contains(lacks))) is not { } other || SiloLife.Parse(other.SiloAddress) is not { } target)
            return false;
        Log.Moves(_logger, _id, other.Name, _reason);
        RequestContext.Set(IPlacementDirector.PlacementHintKey, target);
        MigrateOnIdle();
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        return true;
    }

    /// <summary>Waits, unless somebody stops the job or the node drains.</summary>
    private async Task Pause(TimeSpan time)
    {
        using var sooner = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, _leave.Token);
        await Task.Delay(time, _clock, sooner.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }
}
