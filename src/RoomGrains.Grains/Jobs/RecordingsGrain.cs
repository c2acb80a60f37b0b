using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using RoomGrains.Grains.Placement;
using RoomGrains.Grains.Storage;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Jobs;

/// <summary>The recordings of an application.</summary>
[GenerateSerializer, Alias("RoomGrains.Grains.RecordingsState")]
internal sealed record RecordingsState
{
    /// <summary>By <see cref="Recording.Name"/>, which sorts by the start of the job.</summary>
    [Id(0)] public ImmutableSortedDictionary<string, Recording> Recordings { get; init; } = ImmutableSortedDictionary.Create<string, Recording>(StringComparer.Ordinal);
}

/// <summary>The index of what jobs have written: where it lies, and what is to be said of it. The files are their nodes'.</summary>
[LoadPlacement, Reentrant]
internal sealed class RecordingsGrain(
    [PersistentState("recordings")] IPersistentState<RecordingsState> state, IOptions<JobOptions> options, TicketSigner tickets, ILocalSiloDetails silo,
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock) : Grain, IRecordingsGrain
{
    private static readonly TimeSpan LongestLink = TimeSpan.FromDays(IRecordingsGrain.MaxLinkDays);

    private readonly StateStore<RecordingsState> _store = new(state);

    /// <summary>How far those are that are being written: their jobs say it again and again, so it is not written down each time.</summary>
    private readonly Dictionary<string, Recording> _writing = new(StringComparer.Ordinal);

    public Task<ImmutableArray<Recording>> List() => Task.FromResult<ImmutableArray<Recording>>(
        [.. _store.Value.Recordings.Values.Where(r => r.State != RecordingState.Deleted).Select(Known).OrderByDescending(r => r.Started).ThenByDescending(r => r.Part)]);

    public Task<Answer<Recording>> Find(JobId job, int part) => Task.FromResult<Answer<Recording>>(
        _store.Value.Recordings.GetValueOrDefault($"{job}-{part}") is { } recording ? Known(recording) : Unknown($"{job}-{part}"));

    public Task<Answer<Recording>> FindLatest(StreamKey stream, string profile)
    {
        Recording? latest = null;
        foreach (var recording in _store.Value.Recordings.Values)
            if (recording.Stream == stream && recording.Profile == profile && recording.State != RecordingState.Deleted && (latest is null || IsLater(recording, latest)))
                latest = recording;
        return Task.FromResult<Answer<Recording>>(latest is null ? new Refusal(RefusalCode.UnknownRecording, $"There is no {profile} of {stream}.") : Known(latest));
    }

    public Task<Answer<string>> Link(JobId job, int part, TimeSpan life)
    {
        if (_store.Value.Recordings.GetValueOrDefault($"{job}-{part}") is not { State: not RecordingState.Deleted } recording)
            return Task.FromResult<Answer<string>>(Unknown($"{job}-{part}"));
        if (life < TimeSpan.FromSeconds(1) || life > LongestLink)
            return Task.FromResult<Answer<string>>(new Refusal(RefusalCode.InvalidSetting, $"A link is good for 1 s to {IRecordingsGrain.MaxLinkDays} days, not for {Duration.Format(life)}."));
        var token = tickets.Sign(new Ticket
        {
            Purpose = TicketPurpose.File, Room = recording.Stream.Room, Node = silo.Name, Stream = recording.Name, Expires = clock.GetUtcNow() + life,
        });
        return Task.FromResult<Answer<string>>($"/recordings/{recording.Name}?token={token}");
    }

    public async Task Put(Recording recording)
    {
        if (!Names.IsValid(recording.Profile) || recording.Stream.Room.Application != this.GetPrimaryKeyString())
            throw new RefusalException(new Refusal(RefusalCode.InvalidJob, $"{recording.Name} is no recording of '{this.GetPrimaryKeyString()}'."));
        var known = _store.Value.Recordings.GetValueOrDefault(recording.Name);
        if (known?.State == RecordingState.Deleted || known == recording)
            return;
        if (recording.State == RecordingState.Writing && known is not null)
        {
            // One that arrives after the last word about its part says nothing any more.
            if (known.State == RecordingState.Writing)
                _writing[recording.Name] = recording;
            return;
        }
        // Who completes a part that another has begun on a node that died knows less of it than was told here last.
        if (recording is { State: RecordingState.Cut, Ended: null } && _writing.TryGetValue(recording.Name, out var last))
            recording = recording with { Duration = last.Duration, Bytes = last.Bytes };
        if (known is null && _store.Value.Recordings.Count >= options.Value.MaxRecordings)
            throw new RefusalException(new Refusal(RefusalCode.TooManyJobs, $"'{this.GetPrimaryKeyString()}' has as many recordings as it may ({options.Value.MaxRecordings}, Jobs:MaxRecordings): delete some."));
        await _store.Change(s => s with { Recordings = s.Recordings.SetItem(recording.Name, recording) });
        _writing.Remove(recording.Name);
    }

    public async Task<Answer<Recording>> Delete(JobId job, int part)
    {
        var name = $"{job}-{part}";
        if (_store.Value.Recordings.GetValueOrDefault(name) is not { State: not RecordingState.Deleted } recording)
            return Unknown(name);
        if (recording.State == RecordingState.Writing)
            return new Refusal(RefusalCode.InvalidJob, $"{name} is being written. 'roomctl jobs stop {job}' ends that.");
        var deleted = recording with { State = RecordingState.Deleted };
        await _store.Change(s => s with { Recordings = s.Recordings.SetItem(name, deleted) });
        return deleted;
    }

    public Task<ImmutableArray<Recording>> ListUnsettled(string node) => Task.FromResult<ImmutableArray<Recording>>(
        [.. _store.Value.Recordings.Values.Where(r => r.Node == node && (r.State == RecordingState.Deleted || r is { State: RecordingState.Cut, Ended: null }))]);

    public Task Forget(ImmutableArray<Recording> gone)
    {
        foreach (var recording in gone)
            _writing.Remove(recording.Name);
        return _store.Change(s => gone.Any(r => s.Recordings.ContainsKey(r.Name)) ? s with { Recordings = s.Recordings.RemoveRange(gone.Select(r => r.Name)) } : s);
    }

    private Refusal Unknown(string name) =>
        new(RefusalCode.UnknownRecording, $"There is no recording {name} in '{this.GetPrimaryKeyString()}'. 'roomctl recordings list' shows them.");

    /// <summary>What is being written is what somebody wants to see now.</summary>
    private static bool IsLater(Recording one, Recording other) => (one.State == RecordingState.Writing) == (other.State == RecordingState.Writing)
        ? one.Started >= other.Started
        : one.State == RecordingState.Writing;

    private Recording Known(Recording recording) => recording.State == RecordingState.Writing && _writing.TryGetValue(recording.Name, out var now) ? now : recording;
}
