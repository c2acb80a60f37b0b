using System.Diagnostics;
using System.Globalization;

namespace RoomGrains.Benchmarks.Admission;

/// <summary>
/// How many verdicts a silo gives in a second, and how long one takes. Closed loop: so many guests at a time, each after the other's
/// verdict, which finds the most that the silo can do. Open loop: guests come at a quarter of that, whether or not those before them have been
/// decided, and the time counts from when they should have come: so a stall is seen by all who came during it.
/// </summary>
internal static class AdmissionRun
{
    // The runtime compiles hot methods anew, with what it has seen, some seconds long.
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    public static async Task Run()
    {
        await using var silo = await AdmissionSilo.Start();
        await Closed(silo, 256, Warm);
        Console.WriteLine($"{"in flight",10} {"verdicts/s",11} {"p50 ms",8} {"p99 ms",8} {"max ms",8} {"CPU us",7} {"B/verdict",10} {"GCs",10} {"paused",7} {"others",7}");
        var most = 0.0;
        foreach (var inFlight in (int[])[16, 64, 256])
        {
            var result = await Measure(() => Closed(silo, inFlight, Window));
            most = Math.Max(most, result.PerSecond);
            Print(inFlight.ToString(CultureInfo.InvariantCulture), result);
        }
        var rate = (int)(most / 4);
        Print($"{rate}/s", await Measure(() => Open(silo, rate, Window)));
    }

    private static async Task<List<long>> Closed(AdmissionSilo silo, int inFlight, TimeSpan window)
    {
        var end = Stopwatch.GetTimestamp() + Ticks(window);
        var guests = await Task.WhenAll(Enumerable.Range(0, inFlight).Select(_ => Task.Run(async () =>
        {
            List<long> took = new(4096);
            for (var from = Stopwatch.GetTimestamp(); from < end;)
            {
                await silo.ComeAndGo();
                var now = Stopwatch.GetTimestamp();
                took.Add(now - from);
                from = now;
            }
            return took;
        })));
        return [.. guests.SelectMany(t => t)];
    }

    private static async Task<List<long>> Open(AdmissionSilo silo, int perSecond, TimeSpan window)
    {
        var took = new long[(int)(perSecond * window.TotalSeconds)];
        var guests = new Task[took.Length];
        var all = new TaskCompletionSource();
        // A thread of its own: the runtime's timers fire when a pool thread is free, every few milliseconds, and guests would come in heaps.
        new Thread(Send) { IsBackground = true }.Start();
        await all.Task;
        await Task.WhenAll(guests);
        return [.. took];

        void Send()
        {
            using var nobody = new ManualResetEventSlim();
            var begin = Stopwatch.GetTimestamp();
            for (var i = 0; i < took.Length; i++)
            {
                var due = begin + (long)(i * (double)Stopwatch.Frequency / perSecond);
                while (Stopwatch.GetTimestamp() < due)
                    nobody.Wait(1);
                var guest = i;
                guests[i] = Task.Run(() => Guest(guest, due));
            }
            all.SetResult();
        }

        async Task Guest(int i, long due)
        {
            await silo.ComeAndGo().ConfigureAwait(false);
            took[i] = Stopwatch.GetTimestamp() - due;
        }
    }

    private static async Task<Result> Measure(Func<Task<List<long>>> run)
    {
        var process = Process.GetCurrentProcess();
        GC.Collect();
        var (bytes, collections, pauses, cpu, machine, from) = (GC.GetTotalAllocatedBytes(), Collections(), GC.GetTotalPauseDuration(), process.TotalProcessorTime, MachineCpu(), Stopwatch.GetTimestamp());
        var took = await run();
        var seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
        process.Refresh();
        cpu = process.TotalProcessorTime - cpu;
        machine = MachineCpu() - machine;
        took.Sort();
        return new Result(
            took.Count / seconds, At(took, 0.5), At(took, 0.99), At(took, 1), cpu.TotalMicroseconds / took.Count,
            (GC.GetTotalAllocatedBytes() - bytes) / took.Count, [.. Collections().Zip(collections, (now, before) => now - before)], (GC.GetTotalPauseDuration() - pauses).TotalSeconds / seconds, (machine - cpu).TotalSeconds / seconds);
    }

    /// <summary>CPU time of all processes: what others took of it says how far a figure can be trusted.</summary>
    private static TimeSpan MachineCpu()
    {
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(long.Parse).ToArray();
        // user, nice, system, (idle, iowait,) irq, softirq: hundredths of a second.
        return TimeSpan.FromSeconds((ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / 100.0);
    }

    private static int[] Collections() => [.. Enumerable.Range(0, 3).Select(GC.CollectionCount)];

    private static double At(List<long> sorted, double part) =>
        sorted[Math.Min((int)(part * sorted.Count), sorted.Count - 1)] * 1000.0 / Stopwatch.Frequency;

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private static void Print(string load, Result r) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{load,10} {r.PerSecond,11:0} {r.P50,8:0.00} {r.P99,8:0.00} {r.Max,8:0.00} {r.CpuMicroseconds,7:0} {r.Bytes,10} {string.Join('/', r.Collections),10} {r.Paused,7:P0} {r.Others,7:0.00}"));

    private sealed record Result(double PerSecond, double P50, double P99, double Max, double CpuMicroseconds, long Bytes, int[] Collections, double Paused, double Others);
}
