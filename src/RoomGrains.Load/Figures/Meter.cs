using RoomGrains.Load.Wire;

namespace RoomGrains.Load.Figures;

/// <summary>Takes CPU, memory and traffic at the two ends of a window, and memory in between.</summary>
internal sealed class Meter(Tally tally, IReadOnlyList<int> servers)
{
    private readonly double _idle = ProcessFigures.ResidentMebibytes(servers);
    private Reading _begin;
    private Reading _end;
    private Reading _latest;
    private double _maxResident;

    /// <summary>Opens the window.</summary>
    public void Begin()
    {
        tally.IsMeasuring = true;
        _begin = _latest = Take();
    }

    /// <summary>Closes it.</summary>
    public void End()
    {
        tally.IsMeasuring = false;
        _end = Take();
    }

    /// <summary>Looks, for progress and for the largest memory.</summary>
    public string Look()
    {
        var now = Take();
        var seconds = Clock.Seconds(now.At - _latest.At);
        var line = seconds <= 0 || _latest.At == 0
            ? ""
            : string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"{(now.Bytes - _latest.Bytes) * 8 / seconds / 1e6:0} Mbit/s, server {Percent(now.Server - _latest.Server, seconds):0} % CPU {now.Resident:0} MiB, own {Percent(now.Own - _latest.Own, seconds):0} % CPU");
        _latest = now;
        return line;
    }

    /// <summary>The figures of the window.</summary>
    /// <param name="report">What else is known.</param>
    /// <param name="clients">How many clients the server's memory is shared by.</param>
    public LoadReport Report(LoadReport report, int clients)
    {
        var seconds = Clock.Seconds(_end.At - _begin.At);
        var gigabits = (_end.Bytes - _begin.Bytes) * 8 / 1e9;
        var (server, own) = (_end.Server - _begin.Server, _end.Own - _begin.Own);
        report = report with
        {
            Seconds = Math.Round(seconds, 2),
            Gigabits = Math.Round(gigabits, 4),
            OwnCpuPercent = Math.Round(Percent(own, seconds), 1),
        };
        if (servers.Count == 0)
            return report;
        return report with
        {
            CpuSecondsPerGigabit = gigabits > 0 ? Math.Round(server / gigabits, 4) : null,
            ServerCpuPercent = Math.Round(Percent(server, seconds), 1),
            ForeignCpuPercent = Math.Round(Percent(_end.Machine - _begin.Machine - server - own, seconds), 1),
            RssIdleMiB = Math.Round(_idle, 1),
            RssMiB = Math.Round(_end.Resident, 1),
            RssMaxMiB = Math.Round(_maxResident, 1),
            RssPerClientKiB = clients > 0 ? Math.Round((_end.Resident - _idle) * 1024 / clients, 1) : null,
        };
    }

    private Reading Take()
    {
        var resident = ProcessFigures.ResidentMebibytes(servers);
        _maxResident = Math.Max(_maxResident, resident);
        return new(Clock.Now, tally.PlayerBytes, ProcessFigures.CpuSeconds(servers), Environment.CpuUsage.TotalTime.TotalSeconds, ProcessFigures.MachineCpuSeconds(), resident);
    }

    private static double Percent(double cpu, double seconds) => seconds > 0 ? 100 * cpu / seconds : 0;

    private readonly record struct Reading(long At, long Bytes, double Server, double Own, double Machine, double Resident);
}
