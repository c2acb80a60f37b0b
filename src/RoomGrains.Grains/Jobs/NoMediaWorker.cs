using System.Collections.Immutable;

namespace RoomGrains.Grains.Jobs;

/// <summary>The worker of a node that runs no jobs.</summary>
internal sealed class NoMediaWorker : IMediaWorker
{
    public MediaWorkerStatus Status { get; } = new(0, 0, ImmutableArray<string>.Empty, TimeSpan.Zero, "This node runs no media jobs.");

    public CancellationToken Draining => CancellationToken.None;

    public Refusal? Check(MediaJobRequest request) => new(RefusalCode.Unavailable, Status.Trouble);

    public string? Lacks(MediaJobRequest request) => "ffmpeg";

    public IDisposable? TryTakeSlot() => null;

    public Task<MediaRunResult> RunAsync(MediaRun run, CancellationToken stop) => Task.FromResult(new MediaRunResult(MediaRunEnd.Failed, Status.Trouble, null));
}
