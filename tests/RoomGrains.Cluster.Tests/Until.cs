using Orleans.Runtime;

namespace RoomGrains.Cluster.Tests;

/// <summary>Waiting for what other processes come to, of which nobody sends a signal; it ends with the test's limit.</summary>
internal static class Until
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Looks until it is so.</summary>
    public static async Task TrueAsync(Func<bool> isSo, CancellationToken cancel)
    {
        while (!isSo())
            await Task.Delay(Pause, TimeProvider.System, cancel);
    }

    /// <summary>Asks the cluster until the answer is as expected. That a grain moves, or its silo has just ended, is no answer.</summary>
    public static async Task<T> AnswerAsync<T>(Func<Task<T>> ask, Func<T, bool> expected, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                if (await ask() is var answer && expected(answer))
                    return answer;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
            }
            await Task.Delay(Pause, TimeProvider.System, cancel);
        }
    }

    /// <summary>Asks for a room until it is as expected. Rooms hear from their nodes about once a second.</summary>
    public static async Task<RoomDetails> RoomAsync(this IGrainFactory grains, RoomKey room, Func<RoomDetails, bool> expected, CancellationToken cancel) =>
        (await AnswerAsync(() => grains.GetRoom(room).Describe(), answer => answer is { IsDone: true, Value: { } details } && expected(details), cancel)).Value!;

    /// <summary>Asks for the nodes until there are so many.</summary>
    public static async Task<IReadOnlyList<NodeReport>> NodesAsync(this IGrainFactory grains, int count, CancellationToken cancel) =>
        await AnswerAsync(() => grains.GetCluster().ListNodes(), nodes => nodes.Length == count, cancel);
}
