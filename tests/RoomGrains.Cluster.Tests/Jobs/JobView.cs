using System.Collections.Immutable;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Jobs;

/// <summary>Jobs and their processes, as somebody sees them from outside.</summary>
internal static class JobView
{
    /// <summary>Starts a job, or says why not.</summary>
    public static async Task<MediaJobSummary> StartJobAsync(this IGrainFactory grains, string profile, StreamKey stream, params (string Name, string Value)[] parameters)
    {
        var answer = await grains.GetMediaJobs().Start(new MediaJobRequest
        {
            Profile = profile, Stream = stream, By = "test", Parameters = parameters.ToImmutableSortedDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal),
        });
        Assert.True(answer.IsDone, answer.Refusal?.ToString());
        return answer.Value;
    }

    /// <summary>Waits until the cluster knows of so many nodes that run jobs: a node is ready for clients a moment before.</summary>
    public static async Task UntilWorkers(this IGrainFactory grains, int count, CancellationToken cancel)
    {
        var known = await Until.Answer(() => grains.GetCluster().ListNodes(), nodes => nodes.Count(node => node.WorkerSlots > 0) == count, cancel);
        // When they report again, their silos have been told as well.
        await Until.Answer(() => grains.GetCluster().ListNodes(), nodes => known.All(old => nodes.Any(node => node.Name == old.Name && node.At > old.At)), cancel);
    }

    /// <summary>Waits until a job is as expected.</summary>
    public static async Task<MediaJobDetails> JobAsync(this IGrainFactory grains, JobId job, Func<MediaJobDetails, bool> expected, CancellationToken cancel) =>
        (await Until.Answer(() => grains.GetMediaJob(job).Describe(), answer => answer is { IsDone: true, Value: { } details } && expected(details), cancel)).Value!;

    /// <summary>Waits until a job plays its stream, which nobody publishes yet: what is published from then on it does not miss.</summary>
    public static async Task JobWaitsAsync(this IGrainFactory grains, JobId job, CancellationToken cancel) =>
        await Until.Answer(() => grains.GetMediaJob(job).Logs(), logs => logs.IsDone && logs.Value.Contains("Waits for the stream."), cancel);

    /// <summary>The file of a recording on this machine.</summary>
    public static string FileOf(NodeProcess node, Recording recording) => Path.Combine(node.DataFolder, "media", recording.File);

    /// <summary>
    /// The FFmpeg processes that work for a node, or did: its data folder is in their arguments, or it is their working folder. Counted from /proc, so that
    /// none is missed that the node has forgotten.
    /// </summary>
    public static int[] FfmpegOf(NodeProcess node) =>
    [
        .. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!, System.Globalization.CultureInfo.InvariantCulture))
            .Where(id => CommandLine(id) is { } command && command.Contains("ffmpeg", StringComparison.Ordinal) && (command.Contains(node.DataFolder, StringComparison.Ordinal) || WorksIn(id, node.DataFolder))),
    ];

    private static string? CommandLine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool WorksIn(int id, string folder)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{id}/cwd", returnFinalTarget: false)?.FullName.StartsWith(folder, StringComparison.Ordinal) == true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
