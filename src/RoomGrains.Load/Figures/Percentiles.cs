namespace RoomGrains.Load.Figures;

/// <summary>Times in ms.</summary>
/// <param name="P50">Half were no longer.</param>
/// <param name="P99">99 of 100 were no longer.</param>
/// <param name="P999">999 of 1000 were no longer.</param>
/// <param name="Max">The longest.</param>
/// <param name="Count">How many there were.</param>
public sealed record Percentiles(double P50, double P99, double P999, double Max, long Count);
