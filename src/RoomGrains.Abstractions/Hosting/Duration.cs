using System.Globalization;

namespace RoomGrains.Hosting;

/// <summary>Durations as people write them in settings and on command lines: <c>250ms</c>, <c>30s</c>, <c>5m</c>, <c>1h</c>.</summary>
public static class Duration
{
    /// <summary>The form in words, for error messages.</summary>
    public const string Rule = "a number and a unit, for example 250ms, 30s, 5m or 1h";

    /// <summary>Reads a duration; also .NET's own form <c>00:00:30</c>. False when it is neither, negative, or above a year.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        if (text.Contains(':', StringComparison.Ordinal))
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out duration) && duration >= TimeSpan.Zero;
        duration = default;
        var digits = text.AsSpan().TrimEnd("hms");
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return false;
        double? milliseconds = text.AsSpan(digits.Length) switch
        {
            "ms" => number,
            "s" => number * 1000,
            "m" => number * 60_000,
            "h" => number * 3_600_000,
            _ => null,
        };
        if (milliseconds is not <= 365 * 86_400_000.0)
            return false;
        duration = TimeSpan.FromMilliseconds(milliseconds.Value);
        return true;
    }

    /// <summary>Writes a duration in the largest unit that divides it: <c>90s</c>, not <c>1.5m</c>. <see cref="TryParse"/> reads it back.</summary>
    public static string Format(TimeSpan duration) => duration switch
    {
        { Ticks: > 0 } when duration.Ticks % TimeSpan.TicksPerHour == 0 => $"{duration.Ticks / TimeSpan.TicksPerHour}h",
        { Ticks: > 0 } when duration.Ticks % TimeSpan.TicksPerMinute == 0 => $"{duration.Ticks / TimeSpan.TicksPerMinute}m",
        _ when duration.Ticks % TimeSpan.TicksPerSecond == 0 => $"{duration.Ticks / TimeSpan.TicksPerSecond}s",
        _ => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds}ms"),
    };
}
