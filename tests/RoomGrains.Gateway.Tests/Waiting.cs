using Microsoft.Extensions.Time.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Waiting for what gives no signal to the outside; it ends with the test's limit.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Looks until it is so.</summary>
    public static async Task UntilAsync(Func<bool> isSo, CancellationToken cancel)
    {
        while (!isSo())
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

    /// <summary>Moves the clock second by second until the task is done.</summary>
    /// <returns>How many seconds it took; fewer heartbeats, when they fell together.</returns>
    public static async Task<int> AdvanceUntilAsync(this FakeTimeProvider time, Task done, CancellationToken cancel)
    {
        for (var seconds = 0; ; seconds++)
        {
            // A heartbeat is given the time to do its work.
            await Task.WhenAny(done, Task.Delay(Pause, TimeProvider.System, cancel));
            cancel.ThrowIfCancellationRequested();
            if (done.IsCompleted)
                return seconds;
            time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
