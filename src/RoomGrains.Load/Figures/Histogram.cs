using System.Numerics;

namespace RoomGrains.Load.Figures;

/// <summary>
/// Counts times without allocating: 64 buckets for each doubling, so that a percentile is off by less than 2 %. Fits the first-level cache.
/// The largest value is kept as it is.
/// </summary>
internal sealed class Histogram
{
    private const int SubBits = 6;
    private const int SubBuckets = 1 << SubBits;

    // Microseconds up to 2^36: 19 hours.
    private const int MaxBits = 36;

    private readonly long[] _counts = new long[(MaxBits - SubBits + 1) * SubBuckets];
    private long _max;

    /// <summary>How many were counted.</summary>
    public long Count { get; private set; }

    /// <summary>Counts a time in ns. Less than none counts as none.</summary>
    public void Add(long nanoseconds)
    {
        nanoseconds = Math.Max(nanoseconds, 0);
        var microseconds = Math.Min((ulong)nanoseconds / 1000, (1UL << MaxBits) - 1);
        _counts[IndexOf(microseconds)]++;
        _max = Math.Max(_max, nanoseconds);
        Count++;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        (_max, Count) = (0, 0);
    }

    /// <summary>The time in ms which a part of all did not exceed, for example 0.99; 0 when there is none.</summary>
    public double Percentile(double part)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(part * Count));
        var seen = 0L;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
                return Math.Min((LowOf(i) + LowOf(i + 1)) / 2000.0, Max);
        }
        return Max;
    }

    /// <summary>The longest time in ms.</summary>
    public double Max => _max / 1e6;

    /// <summary>What is reported of it; null when nothing was counted.</summary>
    public Percentiles? Report() => Count == 0 ? null : new(Round(Percentile(0.5)), Round(Percentile(0.99)), Round(Percentile(0.999)), Round(Max), Count);

    private static double Round(double value) => Math.Round(value, 2);

    // The first 64 buckets have a microsecond each, and so have the next 64; then two, four, eight...
    private static int IndexOf(ulong value)
    {
        var shift = Math.Max(0, BitOperations.Log2(value | 1) - SubBits);
        return (shift << SubBits) + (int)(value >> shift);
    }

    private static double LowOf(int index)
    {
        var shift = Math.Max(0, (index >> SubBits) - 1);
        return (double)((ulong)(index - (shift << SubBits)) << shift);
    }
}
