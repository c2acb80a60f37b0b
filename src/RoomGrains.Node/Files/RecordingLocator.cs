using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace RoomGrains.Node.Files;

/// <summary>
/// Which recording is meant, and which node has it. What many ask for again and again (the playlist of a stream) is asked of the grains once a
/// second, and a name that no application has never.
/// </summary>
internal sealed class RecordingLocator(IGrainFactory grains, TimeProvider time)
{
    /// <summary>How old an answer may be. A job that begins is found a moment later, which is before its first segment is there.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    /// <summary>A grain that does not answer is not waited for longer than a player waits.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Streams that are remembered: their names come from URLs.</summary>
    private const int MaxStreams = 1000;

    private readonly ConcurrentDictionary<(StreamKey, string), Kept<Answer<Recording>>> _latest = new();
    private Kept<ImmutableArray<NodeReport>>? _nodes;
    private Kept<ImmutableArray<string>>? _applications;

    /// <summary>A recording by its name and its application; also one that was deleted a moment ago.</summary>
    public Task<Answer<Recording>> FindAsync(string application, JobId job, int part) => AskAsync(() => grains.GetRecordings(application).Find(job, part));

    /// <summary>A recording by its name alone: all applications are asked.</summary>
    public async Task<Answer<Recording>> FindAsync(JobId job, int part)
    {
        var applications = await AskAsync(() => grains.GetCluster().ListApplications());
        var answers = await Task.WhenAll(applications.Select(application => FindAsync(application, job, part)));
        return answers.FirstOrDefault(answer => answer.IsDone) ?? new Refusal(RefusalCode.UnknownRecording, $"There is no recording {job}-{part}.");
    }

    /// <summary>What a profile writes of a stream, or wrote last.</summary>
    public async Task<Answer<Recording>> FindLatestAsync(StreamKey stream, string profile)
    {
        if (_latest.TryGetValue((stream, profile), out var kept) && IsFresh(kept))
            return kept.Value;
        var answer = (await ApplicationsAsync()).Contains(stream.Room.Application)
            ? await AskAsync(() => grains.GetRecordings(stream.Room.Application).FindLatest(stream, profile))
            : new Refusal(RefusalCode.UnknownRecording, $"There is no application '{stream.Room.Application}'.");
        if (_latest.Count >= MaxStreams)
            _latest.Clear();
        _latest[(stream, profile)] = Keep(answer);
        return answer;
    }

    /// <summary>The HTTP address of a node; null where it is not up.</summary>
    public async Task<string?> AddressAsync(string node)
    {
        if (_nodes is not { } kept || !IsFresh(kept))
            _nodes = kept = Keep(await AskAsync(() => grains.GetCluster().ListNodes()));
        return kept.Value.FirstOrDefault(report => report.Name == node)?.HttpAddress is { Length: > 0 } address ? address : null;
    }

    private async Task<ImmutableArray<string>> ApplicationsAsync()
    {
        if (_applications is not { } kept || !IsFresh(kept))
            _applications = kept = Keep(await AskAsync(() => grains.GetCluster().ListApplications()));
        return kept.Value;
    }

    private Task<T> AskAsync<T>(Func<Task<T>> ask) => ask().WaitAsync(Patience, time);

    private Kept<T> Keep<T>(T value) => new(value, time.GetTimestamp());

    private bool IsFresh<T>(Kept<T> kept) => time.GetElapsedTime(kept.At) < Lifetime;

    private sealed record Kept<T>(T Value, long At);
}
