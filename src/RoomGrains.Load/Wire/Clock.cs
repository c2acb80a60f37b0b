using System.Diagnostics;

namespace RoomGrains.Load.Wire;

/// <summary>The monotonic clock that stamps are taken from. On Linux its ticks are nanoseconds, the same in every process of the machine.</summary>
internal static class Clock
{
    public const long Microsecond = 1000, Millisecond = 1_000_000, Second = 1_000_000_000;

    public static long Now => Stopwatch.GetTimestamp();

    public static long Ticks(TimeSpan span) => span.Ticks * (Second / TimeSpan.TicksPerSecond);

    public static double Seconds(long ticks) => ticks / (double)Second;
}
