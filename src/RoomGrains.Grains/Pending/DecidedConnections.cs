using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending;

/// <summary>
/// The decided connections of this silo that can still be explained. Their grains stay for that, and end here: after their time, or when there
/// are more than the limit, the eldest first. One timer for all: a timer in each would be a quarter of what such a grain costs.
/// </summary>
internal sealed class DecidedConnections : IDisposable
{
    /// <summary>Those who were decided in the same moment end together.</summary>
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(20);

    private static readonly DeactivationReason Over = new(DeactivationReasonCode.ApplicationRequested, "The connection was decided long ago.");

    private readonly Queue<(IGrainContext Connection, long DecidedAt)> _decided = new();
    private readonly Lock _gate = new();
    private readonly AdmissionOptions _options;
    private readonly GrainMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private bool _waits;

    public DecidedConnections(IOptions<AdmissionOptions> options, GrainMetrics metrics, [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock)
    {
        (_options, _metrics, _clock) = (options.Value, metrics, clock);
        _timer = clock.CreateTimer(_ => EndOld(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A connection has been decided.</summary>
    public void Add(IGrainContext connection)
    {
        IGrainContext? eldest = null;
        lock (_gate)
        {
            _decided.Enqueue((connection, _clock.GetTimestamp()));
            if (_decided.Count > _options.MaxDecided)
                eldest = _decided.Dequeue().Connection;
            if (!_waits)
                Wait(_options.KeepDecided);
        }
        if (eldest is null)
            return;
        _metrics.LimitHit("decided");
        eldest.Deactivate(Over);
    }

    public void Dispose() => _timer.Dispose();

    private void EndOld()
    {
        List<IGrainContext> old = [];
        lock (_gate)
        {
            while (_decided.TryPeek(out var eldest) && Left(eldest.DecidedAt) <= TimeSpan.Zero)
                old.Add(_decided.Dequeue().Connection);
            _waits = false;
            if (_decided.TryPeek(out var next))
                Wait(Left(next.DecidedAt));
        }
        foreach (var connection in old)
            connection.Deactivate(Over);
    }

    private TimeSpan Left(long decidedAt) => _options.KeepDecided - _clock.GetElapsedTime(decidedAt);

    private void Wait(TimeSpan time)
    {
        _waits = true;
        _timer.Change(time > Grain ? time : Grain, Timeout.InfiniteTimeSpan);
    }
}
