using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Runtime;
using Xunit;

namespace RoomGrains.Testing;

/// <summary>
/// Waiting for what sends no signal. It ends with the test's limit, far above what a busy machine needs, and says then what did not come.
/// </summary>
public static class Until
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Looks until it is so; it is told in words what was waited for.</summary>
    public static Task True(Func<bool> isSo, string what) => True(() => Task.FromResult(isSo()), what);

    /// <summary>Asks until it is so; it is told in words what was waited for.</summary>
    public static Task True(Func<Task<bool>> isSo, string what) => True(isSo, TestLimit.Token(), what);

    /// <summary>Looks until it is so; the condition itself is told.</summary>
    public static Task True(Func<bool> isSo, CancellationToken cancel, [CallerArgumentExpression(nameof(isSo))] string what = "") =>
        True(() => Task.FromResult(isSo()), cancel, what);

    /// <summary>Asks until it is so; the condition itself is told.</summary>
    public static async Task True(Func<Task<bool>> isSo, CancellationToken cancel, [CallerArgumentExpression(nameof(isSo))] string what = "")
    {
        while (!await isSo())
        {
            Assert.False(cancel.IsCancellationRequested, $"It did not become true: {what}");
            await Task.Delay(Pause, TimeProvider.System, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <summary>Asks the cluster until the answer is as expected. That a grain moves, or its silo has just ended, is no answer.</summary>
    public static async Task<T> Answer<T>(Func<Task<T>> ask, Func<T, bool> expected, CancellationToken cancel, [CallerArgumentExpression(nameof(expected))] string what = "")
    {
        T answer = default!;
        await True(
            async () =>
            {
                try
                {
                    return expected(answer = await ask());
                }
                catch (Exception e) when (e is OrleansException or TimeoutException)
                {
                    return false;
                }
            },
            cancel,
            what);
        return answer;
    }

    /// <summary>Asks for a room until it is there and as expected. Rooms hear from their nodes about once a second.</summary>
    public static async Task<RoomDetails> UntilRoom(
        this IGrainFactory grains, RoomKey room, Func<RoomDetails, bool> expected, CancellationToken cancel, [CallerArgumentExpression(nameof(expected))] string what = "") =>
        (await Answer(() => grains.GetRoom(room).Describe(), answer => answer is { IsDone: true, Value: { } details } && expected(details), cancel, $"{room}: {what}")).Value!;

    /// <summary>Asks for the nodes until there are so many.</summary>
    public static async Task<IReadOnlyList<NodeReport>> UntilNodes(this IGrainFactory grains, int count, CancellationToken cancel) =>
        await Answer(() => grains.GetCluster().ListNodes(), nodes => nodes.Length == count, cancel, $"{count} nodes");

    /// <summary>Asks until this connection waits for that step.</summary>
    public static Task UntilItWaitsFor(this IGrainFactory grains, ConnectionId id, string step) =>
        True(async () => (await grains.GetPending(id).Describe()).Value?.Summary.WaitsFor == step, $"{id} waits for {step}");
}
