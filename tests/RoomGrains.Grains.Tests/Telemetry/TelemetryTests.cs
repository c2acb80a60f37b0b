using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Telemetry;

public sealed class TelemetryTests
{
    [Fact]
    public async Task Admissions_are_counted_by_verdict_and_code_and_gauges_come_back_to_zero()
    {
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { OwnClock = true });
        var meters = (IMeterFactory)cluster.Services(0).GetService(typeof(IMeterFactory))!;
        var counts = new ConcurrentDictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == GrainTelemetry.MeterName && instrument.Meter.Scope == meters)
                    l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Count(instrument.Name, tags, value));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Count(instrument.Name, tags, 1));
        listener.Start();

        await cluster.Client.Admit(Requests.New());
        await cluster.Client.Admit(Requests.New(room: "../etc"));
        var seated = (await cluster.Client.Admit(Requests.New())).Connection;

        Assert.Equal(2, counts["roomgrains.admissions verdict=accept"]);
        Assert.Equal(1, counts["roomgrains.admissions verdict=reject code=InvalidName"]);
        Assert.Equal(2, counts["roomgrains.admission.duration verdict=accept"]);
        Assert.Equal(0, counts["roomgrains.pending"]);
        Assert.Equal(1, counts["roomgrains.rooms"]);
        Assert.Equal(2, counts["roomgrains.members"]);
        var room = cluster.Client.GetRoom(new RoomKey("chat", "lobby"));
        await room.ReleaseSeat(seated);
        Assert.Equal(1, counts["roomgrains.members"]);
        await room.TakeSeat(new SeatRequest(new Member { Id = ConnectionId.New(), Node = "a", Service = "record" }, Approved: true));
        Assert.Equal(1, counts["roomgrains.members"]);
        await cluster.Deactivate(room);
        Assert.Equal(0, counts["roomgrains.members"]);
        Assert.Equal(0, counts["roomgrains.rooms"]);

        void Count(string name, ReadOnlySpan<KeyValuePair<string, object?>> tags, double value)
        {
            foreach (var tag in tags)
                name += $" {tag.Key}={tag.Value}";
            counts.AddOrUpdate(name, value, (_, sum) => sum + value);
        }
    }

    [Fact]
    public async Task A_trace_follows_a_connection_through_the_policy()
    {
        var steps = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.Source.Name == GrainTelemetry.ActivitySourceName)
                    steps.Enqueue(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var cluster = await GrainCluster.Start(1);
        using var gateway = new ActivitySource("test gateway");
        using var connection = gateway.StartActivity("connection")!;

        await cluster.Client.Admit(Requests.New());

        var mine = steps.Where(s => s.TraceId == connection.TraceId).Select(s => s.OperationName);
        Assert.Equal(["admission names", "admission ticket", "admission identity", "admission application", "admission onConnect", "admission directory", "admission redirect", "admission room"], mine);
    }
}
