using System.Security.Cryptography;
using FFMpegCore;
using RoomGrains.Grains.Jobs;

namespace RoomGrains.Workers.Storage;

/// <summary>Measures what lies on the disk.</summary>
internal static class ResultInspector
{
    /// <summary>How long ffprobe may take: it reads the headers of a file.</summary>
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(10);

    /// <summary>Measures a file or folder.</summary>
    /// <param name="root">The folder of results.</param>
    /// <param name="name">The result.</param>
    /// <param name="isWhole">Whether it was completed in order.</param>
    /// <param name="known">How long it is as its writer said; counts where the file itself does not tell.</param>
    /// <param name="time">The clock.</param>
    /// <returns>Null where nothing is there.</returns>
    public static async Task<MediaFile?> InspectAsync(MediaRoot root, string name, bool isWhole, TimeSpan known, TimeProvider time)
    {
        var path = root.PathOf(name);
        if (Directory.Exists(path))
            return new MediaFile(name, isWhole, known, SizeOf(path), "");
        var file = new FileInfo(path);
        if (!file.Exists || file.Length == 0)
            return null;
        var duration = await DurationAsync(path, time).ConfigureAwait(false);
        return new MediaFile(name, isWhole, duration > TimeSpan.Zero ? duration : known, file.Length, await DigestAsync(path).ConfigureAwait(false));
    }

    /// <summary>Bytes of a file, or of all files in a folder.</summary>
    public static long SizeOf(string path) =>
        Directory.Exists(path) ? new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Exists ? file.Length : 0)
        : new FileInfo(path) is { Exists: true } file ? file.Length
        : 0;

    /// <summary>How long a file plays; zero where it does not.</summary>
    public static async Task<TimeSpan> DurationAsync(string path, TimeProvider time)
    {
        try
        {
            using var limit = new CancellationTokenSource(ProbeTime, time);
            // In the file's folder, so that the path, which has names of clients in it, is no part of its one string of arguments.
            var options = new FFOptions { WorkingDirectory = Path.GetDirectoryName(path)! };
            var analysis = await FFProbe.AnalyseAsync(Path.GetFileName(path), options, "-protocol_whitelist file", limit.Token).ConfigureAwait(false);
            return analysis.Duration;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // It is no media file, or one that was cut before anything of it was written: FFMpegCore says so in several ways.
            return TimeSpan.Zero;
        }
    }

    private static async Task<string> DigestAsync(string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1024 * 1024, useAsync: true);
        await using (file.ConfigureAwait(false))
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(file).ConfigureAwait(false));
    }
}
