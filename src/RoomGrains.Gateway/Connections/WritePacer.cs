using System.Collections.Concurrent;

namespace RoomGrains.Gateway.Connections;

/// <summary>
/// Writes for those who play several streams. Each stream by itself would have a write for each picture: four of 15 pictures a second are 60,
/// and 1500 such clients cost more processor time in writes than in all the rest. So what comes for such a client leaves in one write, for all of
/// them in turn. The interval follows the load: rounds take at most a quarter of the time until they are 50 ms apart, and an idle node waits no longer
/// than it must.
/// </summary>
/// <param name="time">The time.</param>
/// <param name="least">Between two rounds on a node that has little to do.</param>
internal sealed class WritePacer(TimeProvider time, TimeSpan least)
{
    /// <summary>Between two rounds when there was nothing to write, and for clients: a picture's time at 30 pictures a second, so that half of it is waited on average.</summary>
    public static readonly TimeSpan IdleInterval = TimeSpan.FromMilliseconds(33);

    /// <summary>Between two rounds whatever the load: a picture and a half at 30 a second, more would be seen.</summary>
    private static readonly TimeSpan MostInterval = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentQueue<Outbox> _due = new();

    /// <summary>Takes an outbox into the next round. The outbox sees to it that it stands here once.</summary>
    public void Add(Outbox outbox) => _due.Enqueue(outbox);

    /// <summary>One round.</summary>
    /// <returns>How long to wait for the next.</returns>
    public TimeSpan WriteRound()
    {
        if (_due.IsEmpty)
            return IdleInterval;
        var began = time.GetTimestamp();
        // What comes meanwhile is for the next round.
        for (var left = _due.Count; left > 0 && _due.TryDequeue(out var outbox); left--)
            outbox.FlushPaced();
        return TimeSpan.FromTicks(Math.Clamp(3 * time.GetElapsedTime(began).Ticks, least.Ticks, MostInterval.Ticks));
    }
}

/// <summary>The rounds of a node.</summary>
internal sealed class WritePacers(TimeProvider time)
{
    /// <summary>For clients.</summary>
    public WritePacer Clients { get; } = new(time, WritePacer.IdleInterval);

    /// <summary>
    /// For other nodes that pull streams from this one. There are few, and a write to one carries frames of hundreds of streams: rounds may be
    /// short, and the delay that they add to a stream is small beside that of the clients' rounds.
    /// </summary>
    public WritePacer Nodes { get; } = new(time, TimeSpan.FromMilliseconds(10));
}
