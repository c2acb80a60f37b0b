using Microsoft.Extensions.Time.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Waiting for what gives no signal to the outside; it ends with the test's limit.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// A clock for one of several nodes. It goes only when it is told to, and its node's tickets must not have run out for the others on a machine that is slow.
    /// </summary>
    public static FakeTimeProvider ClockAhead() => new(TimeProvider.System.GetUtcNow().AddHours(1));

    /// <summary>Looks until it is so.</summary>
    public static async Task UntilAsync(Func<bool> isSo, CancellationToken cancel)
    {
        while (!isSo())
            await Task.Delay(Pause, TimeProvider.System, cancel);
    }

    /// <summary>Asks until it is so.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, CancellationToken cancel)
    {
        while (!await isSo())
            await Task.Delay(Pause, TimeProvider.System, cancel);
    }

    /// <summary>Looks at a room until it is so; the room must exist.</summary>
    public static async Task<RoomDetails> UntilAsync(this IGrainFactory grains, RoomKey room, Func<RoomDetails, bool> isSo, CancellationToken cancel)
    {
        while (true)
        {
            if ((await grains.GetRoom(room).Describe()).Value is { } details && isSo(details))
                return details;
            await Task.Delay(Pause, TimeProvider.System, cancel);
        }
    }

    /// <summary>Moves the clock step by step until the task is done.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="done">What is waited for.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="step">Null: a second, the gateway's heartbeat. Less where something on this clock waits for what takes real time, such as an answer of the cluster.</param>
    /// <returns>How long it took by this clock; fewer heartbeats, when they fell together.</returns>
    public static async Task<TimeSpan> AdvanceUntilAsync(this FakeTimeProvider time, Task done, CancellationToken cancel, TimeSpan? step = null)
    {
        for (var began = time.GetUtcNow(); ; time.Advance(step ?? TimeSpan.FromSeconds(1)))
        {
            // A heartbeat is given the time to do its work; where much else waits for the thread pool, ten times as much.
            var pauses = 0;
            do
                await Task.WhenAny(done, Task.Delay(Pause, TimeProvider.System, cancel));
            while (!done.IsCompleted && ++pauses < 10 && ThreadPool.PendingWorkItemCount > 0);
            cancel.ThrowIfCancellationRequested();
            if (done.IsCompleted)
                return time.GetUtcNow() - began;
        }
    }
}
