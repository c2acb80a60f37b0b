using System.Runtime.CompilerServices;
using Microsoft.Extensions.Time.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Clocks that go when a test says so.</summary>
internal static class Clocks
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// A clock for one of several nodes. It goes only when it is told to, and its node's tickets must not have run out for the others on a machine that is slow.
    /// </summary>
    public static FakeTimeProvider Ahead() => new(TimeProvider.System.GetUtcNow().AddHours(1));

    /// <summary>Moves the clock step by step until the task is done.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="done">What is waited for.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="step">Null: a second, the gateway's heartbeat. Less where something on this clock waits for what takes real time, such as an answer of the cluster.</param>
    /// <param name="what">What is told where it does not come.</param>
    /// <returns>How long it took by this clock; fewer heartbeats, when they fell together.</returns>
    public static async Task<TimeSpan> AdvanceUntilAsync(
        this FakeTimeProvider time, Task done, CancellationToken cancel, TimeSpan? step = null, [CallerArgumentExpression(nameof(done))] string what = "")
    {
        for (var began = time.GetUtcNow(); ; time.Advance(step ?? TimeSpan.FromSeconds(1)))
        {
            // A heartbeat is given the time to do its work; where much else waits for the thread pool, ten times as much.
            var pauses = 0;
            do
                await Task.WhenAny(done, Task.Delay(Pause, TimeProvider.System, cancel));
            while (!done.IsCompleted && ++pauses < 10 && ThreadPool.PendingWorkItemCount > 0);
            if (done.IsCompleted)
            {
                await done;
                return time.GetUtcNow() - began;
            }
            Assert.False(cancel.IsCancellationRequested, $"It did not come, with the clock at {time.GetUtcNow() - began}: {what}");
        }
    }
}
