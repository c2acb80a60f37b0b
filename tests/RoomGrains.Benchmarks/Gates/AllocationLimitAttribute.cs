namespace RoomGrains.Benchmarks.Gates;

/// <summary>
/// How many bytes one operation of a benchmark may allocate, whatever its parameters. Time is not repeatable on a shared machine; this is. Where a
/// change needs more, the limit is raised here, and the commit says why.
/// </summary>
/// <param name="bytes">Bytes an operation.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AllocationLimitAttribute(long bytes) : Attribute
{
    /// <summary>Bytes an operation.</summary>
    public long Bytes => bytes;
}
