namespace RoomGrains.Workers.Processes;

/// <summary>The processes of this node's jobs, and the processor time that they and those before them have used.</summary>
internal sealed class RunningProcesses
{
    private readonly Lock _gate = new();
    private readonly HashSet<FfmpegProcess> _running = [];
    private TimeSpan _ended;

    /// <summary>Processor time of all of them so far. It never falls; of a process that has ended up to half a second is missing.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            lock (_gate)
                return _running.Aggregate(_ended, (sum, process) => sum + process.CpuTime);
        }
    }

    /// <summary>Their ids.</summary>
    public int[] Ids
    {
        get
        {
            lock (_gate)
                return [.. _running.Select(process => process.Id)];
        }
    }

    /// <summary>Counts a process until it has ended.</summary>
    public void Add(FfmpegProcess process)
    {
        lock (_gate)
            _running.Add(process);
        _ = RemoveAsync(process);
    }

    private async Task RemoveAsync(FfmpegProcess process)
    {
        await ((Task)process.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            _running.Remove(process);
            _ended += process.CpuTime;
        }
    }
}
