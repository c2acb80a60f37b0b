using System.Globalization;
using Microsoft.Extensions.Logging;

namespace RoomGrains.Workers.Processes;

/// <summary>
/// A file for each process that runs, so that whoever starts after a node that was killed can end what it left. FFmpeg ends by itself then, because its input
/// does; this is for one that hangs.
/// </summary>
/// <remarks>
/// One line: boot id, process, its start time, the node's process, its start time. Nothing is ended whose id and start time do not both match, nor what belongs
/// to a node that lives.
/// </remarks>
internal sealed partial class PidFiles(string folder, ILogger logger)
{
    /// <summary>How long what is asked to end may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>Notes a process.</summary>
    /// <returns>The file; delete it when the process has ended.</returns>
    public string Add(int process)
    {
        var file = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{process}"));
        File.WriteAllText(file, string.Create(
            CultureInfo.InvariantCulture,
            $"{ProcessTable.BootId} {process} {ProcessTable.StartTimeOf(process) ?? 0} {Environment.ProcessId} {ProcessTable.StartTimeOf(Environment.ProcessId) ?? 0}\n"));
        return file;
    }

    /// <summary>Ends what nodes left that are gone.</summary>
    /// <returns>How many.</returns>
    public async Task<int> SweepAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var ended = 0;
        foreach (var file in Directory.EnumerateFiles(folder).ToArray())
        {
            var parts = (await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false)).Trim().Split(' ');
            if (parts.Length == 5 && parts[0] == ProcessTable.BootId && parts.Skip(1).All(part => long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            {
                var numbers = parts.Skip(1).Select(part => long.Parse(part, CultureInfo.InvariantCulture)).ToArray();
                if (IsAlive((int)numbers[2], numbers[3]))
                    continue;
                if (IsAlive((int)numbers[0], numbers[1]))
                {
                    await EndAsync((int)numbers[0], numbers[1], time, cancellationToken).ConfigureAwait(false);
                    ended++;
                }
            }
            File.Delete(file);
        }
        return ended;
    }

    private async Task EndAsync(int process, long started, TimeProvider time, CancellationToken cancellationToken)
    {
        Log.Leftover(logger, process);
        var since = time.GetTimestamp();
        ProcessTable.Ask(process);
        while (IsAlive(process, started) && time.GetElapsedTime(since) < Patience)
            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(false);
        // Looked at once more: an id may have been given again.
        if (IsAlive(process, started))
            ProcessTable.Kill(process);
    }

    private static bool IsAlive(int process, long started) => ProcessTable.StartTimeOf(process) == started;

    private static partial class Log
    {
        [LoggerMessage(5020, LogLevel.Warning, "Process {Process} is FFmpeg of a node that was killed; it is ended")]
        public static partial void Leftover(ILogger logger, int process);
    }
}
