using System.Collections.Concurrent;
using System.Collections.Immutable;
using RoomGrains.Grains.Jobs;

namespace RoomGrains.Grains.Tests.Jobs;

/// <summary>A worker whose attempts do nothing until the test ends them: what the grains decide is seen without FFmpeg.</summary>
internal sealed class HandWorker(ILocalSiloDetails silo, HandWork work) : IMediaWorker, IDisposable
{
    private readonly CancellationTokenSource _draining = new();
    private int _busy;

    public MediaWorkerStatus Status => new(work.Slots, Volatile.Read(ref _busy), [.. work.Capabilities(silo.Name)], TimeSpan.Zero, work.Trouble);

    public CancellationToken Draining => _draining.Token;

    public void Drain() => _draining.Cancel();

    public void Dispose() => _draining.Dispose();

    public Refusal? Check(MediaJobRequest request) => request.Profile == "nonsense" ? new Refusal(RefusalCode.InvalidJob, "There is no profile 'nonsense'.") : null;

    public string? Lacks(MediaJobRequest request) =>
        request.Parameters.TryGetValue("needs", out var needs) && !Status.Capabilities.Contains(needs) ? needs : null;

    public IDisposable? TryTakeSlot()
    {
        if (_draining.IsCancellationRequested || work.Trouble.Length > 0)
            return null;
        if (Interlocked.Increment(ref _busy) <= work.Slots)
            return new Slot(() => Interlocked.Decrement(ref _busy));
        Interlocked.Decrement(ref _busy);
        return null;
    }

    public async Task<MediaRunResult> RunAsync(MediaRun run, CancellationToken stop)
    {
        work.Fault();
        var attempt = new HandAttempt(run, silo.Name, stop);
        work.Began(attempt);
        try
        {
            return await attempt.Done;
        }
        finally
        {
            work.Ended(attempt);
        }
    }

    private sealed class Slot(Action give) : IDisposable
    {
        public void Dispose() => give();
    }
}

/// <summary>An attempt that the test ends, unless it is stopped.</summary>
internal sealed class HandAttempt
{
    private readonly TaskCompletionSource<MediaRunResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public HandAttempt(MediaRun run, string node, CancellationToken stop)
    {
        (Run, Node) = (run, node);
        stop.Register(() => _done.TrySetResult(new MediaRunResult(MediaRunEnd.Stopped, "", File(whole: true))));
    }

    public MediaRun Run { get; }

    public string Node { get; }

    public Task<MediaRunResult> Done => _done.Task;

    public string Path => $"{Run.Request.Stream}/{Run.Job}-{Run.Part}.mp4";

    public void Start() => Run.Started(Path);

    public void End(MediaRunEnd end, string reason = "", bool whole = true) =>
        _done.TrySetResult(new MediaRunResult(end, reason, end is MediaRunEnd.NoStream ? null : File(whole)));

    private MediaFile File(bool whole) => new(Path, whole, TimeSpan.FromSeconds(7), 700, whole ? "ab" : "");
}

/// <summary>All attempts on all silos of a test's cluster.</summary>
internal sealed class HandWork
{
    private readonly ConcurrentDictionary<HandAttempt, int> _running = new();
    private readonly ConcurrentDictionary<JobId, int> _most = new();
    private int _faults;

    public int Slots { get; init; } = 2;

    public Func<string, IEnumerable<string>> Capabilities { get; init; } = _ => ["ffmpeg"];

    /// <summary>Whether an attempt begins to write at once: its stream is published.</summary>
    public Func<MediaRun, bool> Starts { get; init; } = _ => true;

    /// <summary>Why no slot is given; empty: they are.</summary>
    public string Trouble { get; init; } = "";

    /// <summary>How many attempts break what a worker promises, and throw.</summary>
    public int Faults { get => _faults; init => _faults = value; }

    public void Fault()
    {
        if (Interlocked.Decrement(ref _faults) >= 0)
            throw new NotSupportedException("The worker has a fault.");
    }

    public HandAttempt[] Running => [.. _running.Keys];

    /// <summary>How many attempts at one job ran at the same time, at the most.</summary>
    public int MostAtOnce(JobId job) => _most.GetValueOrDefault(job);

    public HandAttempt? Of(JobId job) => Running.FirstOrDefault(a => a.Run.Job == job);

    public void Began(HandAttempt attempt)
    {
        _running[attempt] = 0;
        _most.AddOrUpdate(attempt.Run.Job, 1, (job, most) => Math.Max(most, Running.Count(a => a.Run.Job == job)));
        if (Starts(attempt.Run))
            attempt.Start();
    }

    public void Ended(HandAttempt attempt) => _running.TryRemove(attempt, out _);

    /// <summary>A silo was killed: with its process its attempts are gone.</summary>
    public void Lost(string node)
    {
        foreach (var attempt in Running.Where(a => a.Node == node))
            Ended(attempt);
    }
}
