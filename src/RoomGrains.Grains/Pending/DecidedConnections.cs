using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending;

/// <summary>
/// What this silo remembers of the connections that were decided on it, for <see cref="AdmissionOptions.KeepDecided"/>, and not more than
/// <see cref="AdmissionOptions.MaxDecided"/>: then the eldest go. Their grains end with the verdict. A grain that stayed for it would be some hundred objects that
/// survive every collection of a storm, which takes longer than all the rest of the admissions.
/// </summary>
internal sealed class DecidedConnections : IDisposable
{
    /// <summary>Those who were decided in the same moment are forgotten together.</summary>
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<ConnectionId, PendingAdmission> _known = [];
    private readonly Queue<(ConnectionId Id, long At)> _order = new();
    private readonly Lock _gate = new();
    private readonly AdmissionOptions _options;
    private readonly GrainMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private bool _waits;

    public DecidedConnections(IOptions<AdmissionOptions> options, GrainMetrics metrics, [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock)
    {
        (_options, _metrics, _clock) = (options.Value, metrics, clock);
        _timer = clock.CreateTimer(_ => Forget(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A connection has been decided.</summary>
    public void Add(PendingAdmission decided)
    {
        lock (_gate)
        {
            if (!_known.TryAdd(decided.Id, decided))
                return;
            _order.Enqueue((decided.Id, _clock.GetTimestamp()));
            if (!_waits)
                Wait(_options.KeepDecided);
            if (_order.Count <= _options.MaxDecided)
                return;
            _known.Remove(_order.Dequeue().Id);
        }
        _metrics.LimitHit("decided");
    }

    /// <summary>What is known of a connection; null: nothing.</summary>
    public PendingAdmission? Find(ConnectionId id)
    {
        lock (_gate)
            return _known.GetValueOrDefault(id);
    }

    public void Dispose() => _timer.Dispose();

    private void Forget()
    {
        lock (_gate)
        {
            while (_order.TryPeek(out var eldest) && Left(eldest.At) <= TimeSpan.Zero)
                _known.Remove(_order.Dequeue().Id);
            _waits = false;
            if (_order.TryPeek(out var next))
                Wait(Left(next.At));
        }
    }

    private TimeSpan Left(long at) => _options.KeepDecided - _clock.GetElapsedTime(at);

    private void Wait(TimeSpan time)
    {
        _waits = true;
        _timer.Change(time > Grain ? time : Grain, Timeout.InfiniteTimeSpan);
    }
}
