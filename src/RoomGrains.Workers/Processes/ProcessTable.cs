using System.Globalization;
using System.Runtime.InteropServices;

namespace RoomGrains.Workers.Processes;

/// <summary>What Linux says of processes: ids are given again, an id with a start time is not, until the machine starts again.</summary>
internal static partial class ProcessTable
{
    private const int Terminate = 15;
    private const int Killed = 9;

    // sysconf(_SC_CLK_TCK) is 100 on every architecture that .NET runs on.
    private const int TicksPerSecond = 100;

    /// <summary>Names this run of the machine; empty where it can't be told.</summary>
    public static string BootId { get; } = ReadText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>When a process started, in ticks since the machine did; null when there is none, or it is a zombie.</summary>
    public static long? StartTimeOf(int process) => Fields(process) is { } fields && fields[0] is not ("Z" or "X") ? long.Parse(fields[19], CultureInfo.InvariantCulture) : null;

    /// <summary>Processor time that a process has used; null when there is none.</summary>
    public static TimeSpan? CpuTimeOf(int process) => Fields(process) is { } fields
        ? TimeSpan.FromSeconds((double)(long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond)
        : null;

    /// <summary>Asks a process to end (SIGTERM): FFmpeg completes its files.</summary>
    public static void Ask(int process) => _ = SendSignal(process, Terminate);

    /// <summary>Ends a process (SIGKILL), also one that is stopped.</summary>
    public static void Kill(int process) => _ = SendSignal(process, Killed);

    // /proc/PID/stat: id (name) state parent …; the name may have spaces and brackets in it. Field 3, the state, is the first one here.
    private static string[]? Fields(int process)
    {
        var text = ReadText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
        var name = text.LastIndexOf(')');
        return name < 0 ? null : text[(name + 2)..].Split(' ');
    }

    private static string ReadText(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
