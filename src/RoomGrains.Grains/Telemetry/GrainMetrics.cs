using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace RoomGrains.Grains.Telemetry;

/// <summary>Names under which the grains' metrics and traces are found.</summary>
public static class GrainTelemetry
{
    /// <summary>The meter: admissions, pending connections, rooms, members.</summary>
    public const string MeterName = "RoomGrains.Grains";

    /// <summary>The activity source: one span for each step of the admission policy. Orleans' own sources carry the trace from grain to grain.</summary>
    public const string ActivitySourceName = "RoomGrains.Grains";

    internal static readonly ActivitySource Activities = new(ActivitySourceName);
}

/// <summary>What the grains of this silo count.</summary>
internal sealed class GrainMetrics
{
    private readonly Counter<long> _admissions;
    private readonly Histogram<double> _timeToVerdict;
    private readonly UpDownCounter<long> _pending;
    private readonly UpDownCounter<long> _rooms;
    private readonly UpDownCounter<long> _members;
    private readonly Counter<long> _limits;
    private readonly Counter<long> _hookFailures;
    private readonly Histogram<double> _webhooks;
    private readonly UpDownCounter<long> _sharedObjects;
    private readonly Counter<long> _calls;
    private readonly UpDownCounter<long> _jobs;
    private readonly Counter<long> _jobFailures;
    private readonly Counter<long> _jobEnds;
    private readonly Counter<double> _jobMedia;
    private readonly Counter<long> _jobBytes;

    public GrainMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(GrainTelemetry.MeterName);
        _admissions = meter.CreateCounter<long>("roomgrains.admissions", "{connection}", "Decided connections by verdict, and by code where there is one.");
        _timeToVerdict = meter.CreateHistogram<double>("roomgrains.admission.duration", "s", "From connect to verdict.");
        _pending = meter.CreateUpDownCounter<long>("roomgrains.pending", "{connection}", "Connections that wait for their verdict.");
        _rooms = meter.CreateUpDownCounter<long>("roomgrains.rooms", "{room}", "Active rooms on this silo.");
        _members = meter.CreateUpDownCounter<long>("roomgrains.members", "{member}", "Taken seats in the rooms on this silo.");
        _limits = meter.CreateCounter<long>("roomgrains.limits", "{refusal}", "How often a limit bit, by limit.");
        _hookFailures = meter.CreateCounter<long>("roomgrains.hooks.failures", "{call}", "Calls of applications' own code that threw or took too long, by method.");
        _webhooks = meter.CreateHistogram<double>("roomgrains.webhooks.duration", "s", "Questions to the webhook with their repetitions, by event and answer.");
        _sharedObjects = meter.CreateUpDownCounter<long>("roomgrains.shared_objects", "{object}", "Active shared objects on this silo, those that rooms keep themselves not counted.");
        _calls = meter.CreateCounter<long>("roomgrains.calls", "{call}", "Calls of members to the rooms on this silo, by method and how they ended. Methods of applications are one.");
        _jobs = meter.CreateUpDownCounter<long>("roomgrains.jobs", "{job}", "Media jobs whose FFmpeg runs on this node, by profile.");
        _jobFailures = meter.CreateCounter<long>("roomgrains.jobs.failures", "{attempt}", "Attempts at media jobs that failed, by profile.");
        _jobEnds = meter.CreateCounter<long>("roomgrains.jobs.ended", "{job}", "Media jobs that have ended, by profile and how.");
        _jobMedia = meter.CreateCounter<double>("roomgrains.jobs.media", "s", "Media time that jobs on this node have written, by profile.");
        _jobBytes = meter.CreateCounter<long>("roomgrains.jobs.written", "By", "Bytes that jobs on this node have written, by profile.");
    }

    public void Began() => _pending.Add(1);

    public void Decided(PendingState state, RefusalCode? code, TimeSpan after)
    {
        _pending.Add(-1);
        var tags = new TagList { { "verdict", Name(state) } };
        if (code is { } c)
            tags.Add("code", c.ToString());
        _admissions.Add(1, tags);
        _timeToVerdict.Record(after.TotalSeconds, tags);
    }

    /// <summary>The silo gave up a pending connection without a verdict: it is another activation's now.</summary>
    public void Dropped() => _pending.Add(-1);

    public void Rooms(int change) => _rooms.Add(change);

    public void Members(int change)
    {
        if (change != 0)
            _members.Add(change);
    }

    public void HookFailed(string hook) => _hookFailures.Add(1, new KeyValuePair<string, object?>("hook", hook));

    public void WebhookAnswered(string name, string outcome, TimeSpan after) =>
        _webhooks.Record(after.TotalSeconds, new KeyValuePair<string, object?>("event", name), new KeyValuePair<string, object?>("answer", outcome));

    public void Jobs(string profile, int change) => _jobs.Add(change, Profile(profile));

    public void JobFailed(string profile) => _jobFailures.Add(1, Profile(profile));

    public void JobEnded(string profile, MediaJobState state) => _jobEnds.Add(1, Profile(profile), new("end", state == MediaJobState.Failed ? "failed" : "finished"));

    /// <summary>A job is further on than it was.</summary>
    public void JobProgress(string profile, TimeSpan media, long bytes)
    {
        if (media > TimeSpan.Zero)
            _jobMedia.Add(media.TotalSeconds, Profile(profile));
        if (bytes > 0)
            _jobBytes.Add(bytes, Profile(profile));
    }

    public void SharedObjects(int change) => _sharedObjects.Add(change);

    public void Called(string method, RefusalCode? refused) =>
        _calls.Add(1, new KeyValuePair<string, object?>("method", method), new KeyValuePair<string, object?>("result", refused?.ToString() ?? "ok"));

    public void LimitHit(string limit) => _limits.Add(1, new KeyValuePair<string, object?>("limit", limit));

    private static KeyValuePair<string, object?> Profile(string profile) => new("profile", profile);

    private static string Name(PendingState state) => state switch
    {
        PendingState.Accepted => "accept",
        PendingState.Rejected => "reject",
        PendingState.Redirected => "redirect",
        PendingState.TimedOut => "timeout",
        _ => "abandon",
    };
}
