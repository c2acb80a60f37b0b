using Microsoft.Extensions.Logging;

namespace RoomGrains.Workers.Storage;

/// <summary>A result that was removed.</summary>
/// <param name="Application">The application that it belonged to.</param>
/// <param name="File">As <see cref="Recording.File"/>.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record RemovedResult(string Application, string File, long Bytes, string Reason);

/// <summary>Keeps results within the node's quota and retention. What is being written is never removed.</summary>
internal sealed partial class StorageKeeper(MediaRoot root, WorkerOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>application/room/stream/profile/result: how deep results lie.</summary>
    private const int Depth = 5;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _used = new(StringComparer.Ordinal);

    /// <summary>Says that a result is being written, until what is returned is disposed.</summary>
    public IDisposable Use(string file)
    {
        lock (_gate)
            _used[file] = _used.GetValueOrDefault(file) + 1;
        return new Lease(this, file);
    }

    /// <summary>Removes what has been kept for long enough, then the eldest of what is too much.</summary>
    /// <returns>What was removed.</returns>
    public IReadOnlyList<RemovedResult> Sweep()
    {
        List<RemovedResult> removed = [];
        if (options.Quota <= 0 && options.Retention <= TimeSpan.Zero)
            return removed;
        var results = Results().OrderBy(result => result.LastWrite).ToList();
        var total = results.Sum(result => result.Bytes);
        foreach (var result in results)
        {
            var reason =
                options.Retention > TimeSpan.Zero && time.GetUtcNow() - result.LastWrite >= options.Retention ? "It was kept for as long as Workers:Retention says."
                : options.Quota > 0 && total > options.Quota ? "It was the eldest when there was more than Workers:Quota."
                : null;
            if (reason is null || !TryDelete(result.File))
                continue;
            total -= result.Bytes;
            removed.Add(new RemovedResult(result.File[..result.File.IndexOf('/', StringComparison.Ordinal)], result.File, result.Bytes, reason));
            Log.Removed(logger, result.File, result.Bytes, reason);
        }
        return removed;
    }

    /// <summary>Removes a result that somebody has deleted.</summary>
    /// <returns>False while it is being written, or where its name is none.</returns>
    public bool TryDelete(string file)
    {
        lock (_gate)
        {
            if (_used.ContainsKey(file))
                return false;
            try
            {
                root.Delete(file);
                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                Log.CannotDelete(logger, PlainText.Of(file), e.Message);
                return false;
            }
        }
    }

    private IEnumerable<(string File, long Bytes, DateTimeOffset LastWrite)> Results()
    {
        IEnumerable<DirectoryInfo> folders = [new DirectoryInfo(root.Path)];
        for (var depth = 1; depth < Depth; depth++)
            folders = folders.SelectMany(folder => folder.EnumerateDirectories()).Where(folder => folder.Name[0] != '.').ToArray();
        foreach (var entry in folders.SelectMany(folder => folder.EnumerateFileSystemInfos()))
        {
            var files = entry is DirectoryInfo folder ? folder.EnumerateFiles("*", SearchOption.AllDirectories).ToArray() : [];
            var lastWrite = files.Select(file => file.LastWriteTimeUtc).Append(entry.LastWriteTimeUtc).Max();
            yield return (root.NameOf(entry.FullName), ResultInspector.SizeOf(entry.FullName), new DateTimeOffset(lastWrite, TimeSpan.Zero));
        }
    }

    private void Unuse(string file)
    {
        lock (_gate)
            if (--_used[file] == 0)
                _used.Remove(file);
    }

    private sealed class Lease(StorageKeeper keeper, string file) : IDisposable
    {
        private int _done;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _done, 1) == 0)
                keeper.Unuse(file);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5030, LogLevel.Information, "{File} ({Bytes} bytes) was removed. {Reason}")]
        public static partial void Removed(ILogger logger, string file, long bytes, string reason);

        [LoggerMessage(5031, LogLevel.Warning, "{File} cannot be removed: {Error}")]
        public static partial void CannotDelete(ILogger logger, string file, string error);
    }
}
