using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace RoomGrains.Gateway.Tests;

/// <summary>What the gateways of this process have counted since the start of the test, by instrument and tags.</summary>
internal sealed class Counted : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _counts = new();

    public Counted()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == GatewayMetrics.MeterName)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            foreach (var tag in tags)
                _counts.AddOrUpdate($"{instrument.Name} {tag.Key}={tag.Value}", value, (_, sum) => sum + value);
        });
        _listener.Start();
    }

    /// <summary>The sum of an instrument for one tag, for example <c>roomgrains.sessions.ended reason=Rejected</c>.</summary>
    public long this[string instrumentAndTag] => _counts.GetValueOrDefault(instrumentAndTag);

    public void Dispose() => _listener.Dispose();
}
