using System.Globalization;

namespace RoomGrains.Load.Figures;

/// <summary>What the kernel says of processes and of the machine (proc(5)).</summary>
internal static class ProcessFigures
{
    // USER_HZ, in which /proc counts: 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>CPU seconds of some processes, user and system, since they began. A process that has ended has none.</summary>
    public static double CpuSeconds(IEnumerable<int> processes) => processes.Sum(CpuSeconds);

    /// <summary>Resident memory of some processes in MiB.</summary>
    public static double ResidentMebibytes(IEnumerable<int> processes) => processes.Sum(ResidentMebibytes);

    /// <summary>CPU seconds that all processes and the kernel have used since the start of the machine, idle time and waiting for disks not counted.</summary>
    public static double MachineCpuSeconds()
    {
        // cpu  user nice system idle iowait irq softirq steal ...
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return ((int[])[1, 2, 3, 6, 7]).Sum(i => long.Parse(fields[i], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>Whether there is such a process.</summary>
    public static bool Exists(int process) => File.Exists($"/proc/{process}/stat");

    private static double CpuSeconds(int process)
    {
        if (Read(process, "stat") is not { } stat)
            return 0;
        // The name, in parentheses, may hold anything. Behind it: state, 10 others, utime, stime.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    private static double ResidentMebibytes(int process)
    {
        var line = Read(process, "status")?.Split('\n').FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }

    private static string? Read(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}");
        }
        catch (IOException)
        {
            return null;
        }
    }
}
