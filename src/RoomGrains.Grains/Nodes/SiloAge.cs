namespace RoomGrains.Grains.Nodes;

/// <summary>Which of two silos has the better right to a name.</summary>
public static class SiloAge
{
    /// <summary>
    /// Whether <paramref name="one"/> started before <paramref name="other"/>. A silo's generation is the second of its start; of two that
    /// started within one second, all who look choose the same.
    /// </summary>
    public static bool IsElder(SiloAddress one, SiloAddress other) =>
        one.Generation != other.Generation
            ? one.Generation < other.Generation
            : string.CompareOrdinal(one.ToParsableString(), other.ToParsableString()) < 0;
}
