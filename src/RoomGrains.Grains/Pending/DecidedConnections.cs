using System.Buffers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending;

/// <summary>
/// What this silo remembers of the connections that were decided on it, for <see cref="AdmissionOptions.KeepDecided"/>, and not more than
/// <see cref="AdmissionOptions.MaxDecided"/>: then the eldest go. Their grains end with the verdict, and what is left of them is bytes in
/// arrays that are used again: objects that come and survive with every connection of a storm, and the collections for them, take a good part of its time.
/// </summary>
internal sealed class DecidedConnections : IDisposable
{
    /// <summary>Those who were decided in the same moment are forgotten together.</summary>
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<Ulid, byte[]> _known = [];
    private readonly Queue<(Ulid Id, long At)> _order = new();
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

    /// <summary>The grain of a decided connection ends. What is no id of ours was no gateway's connection, and is not remembered.</summary>
    /// <param name="decided">What it knows.</param>
    /// <param name="known">Whether it came up with what was known here, and perhaps knows more by now: what has been forgotten meanwhile stays so.</param>
    public void Keep(PendingAdmission decided, bool known)
    {
        if (!Ulid.TryParse(decided.Id.Value, out var id))
            return;
        var record = decided.ToRecord();
        lock (_gate)
        {
            if (_known.TryGetValue(id, out var old))
                ArrayPool<byte>.Shared.Return(old);
            else if (known)
                return;
            record.CopyTo(_known[id] = ArrayPool<byte>.Shared.Rent(record.Length));
            if (old is not null)
                return;
            _order.Enqueue((id, _clock.GetTimestamp()));
            if (!_waits)
                Wait(_options.KeepDecided);
            if (_order.Count <= _options.MaxDecided)
                return;
            ForgetEldest();
        }
        _metrics.LimitHit("decided");
    }

    /// <summary>What is known of a connection; null: nothing.</summary>
    public PendingAdmission? Find(ConnectionId connection)
    {
        if (!Ulid.TryParse(connection.Value, out var id))
            return null;
        lock (_gate)
            return _known.TryGetValue(id, out var record) ? PendingAdmission.FromRecord(record, _clock) : null;
    }

    public void Dispose() => _timer.Dispose();

    private void Forget()
    {
        lock (_gate)
        {
            while (_order.TryPeek(out var eldest) && Left(eldest.At) <= TimeSpan.Zero)
                ForgetEldest();
            _waits = false;
            if (_order.TryPeek(out var next))
                Wait(Left(next.At));
        }
    }

    private void ForgetEldest()
    {
        if (_known.Remove(_order.Dequeue().Id, out var record))
            ArrayPool<byte>.Shared.Return(record);
    }

    private TimeSpan Left(long at) => _options.KeepDecided - _clock.GetElapsedTime(at);

    private void Wait(TimeSpan time)
    {
        _waits = true;
        _timer.Change(time > Grain ? time : Grain, Timeout.InfiniteTimeSpan);
    }
}
