using Microsoft.Extensions.Logging;
using RoomGrains.Grains.Nodes;

namespace RoomGrains.Grains.Rooms;

/// <summary>
/// What a room does when it came up: it asks all nodes who is in it. It may be new, or it may have lost its memory with a silo: it can't know.
/// Until all have answered, or did not in time, no seat is given away, so that the capacity holds, and no node is told where the streams are.
/// </summary>
internal sealed partial class Gathering(RoomKey room, IGrainFactory grains, NodeTable nodes, TimeSpan limit, TimeProvider clock, ILogger logger)
{
    private readonly TaskCompletionSource _allAnswered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _asked = int.MaxValue;

    /// <summary>Whether the room may go on.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Asks, and returns when the room may go on.</summary>
    public async Task Run()
    {
        try
        {
            // The silo that had this room may have had the cluster grain, too: it takes some calls until that one is back.
            using var patience = new CancellationTokenSource(limit + ClusterGrain.Listening, clock);
            var observers = await Retry.Unreachable(() => grains.GetCluster().ListObservers().WaitAsync(patience.Token), clock, _ => { }, patience.Token);
            if (observers.Length == 0)
                return;
            foreach (var observer in observers)
                observer.ReportNow(room).Ignore();
            _asked = observers.Length;
            if (nodes.Count < _asked)
                await _allAnswered.Task.WaitAsync(limit, clock);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or OperationCanceledException)
        {
            Log.NotAllAnswered(logger, room, nodes.Count, limit.TotalSeconds);
        }
        finally
        {
            IsDone = true;
        }
    }

    /// <summary>A node has reported.</summary>
    public void Heard()
    {
        if (nodes.Count >= _asked)
            _allAnswered.TrySetResult();
    }

    private static partial class Log
    {
        [LoggerMessage(1401, LogLevel.Warning, "Room {Room}: {Answered} nodes said who is in it within {Seconds} s, others did not; their members come with their next report")]
        public static partial void NotAllAnswered(ILogger logger, RoomKey room, int answered, double seconds);
    }
}
