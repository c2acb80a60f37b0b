namespace RoomGrains.Rtmp.Amf;

/// <summary>
/// What one message may cost to read. The caps hold for the message as a whole, whatever it nests. The number of bytes is not among
/// them: whoever assembles the message caps it, and no text or array is allocated beyond the bytes that are there.
/// </summary>
public sealed record AmfLimits
{
    /// <summary>The defaults below.</summary>
    public static AmfLimits Default { get; } = new();

    /// <summary>
    /// How deep values may nest. The deepest that a real client sends is 4 (connect, a map, a map). The danger is the stack: 70 000 nested
    /// arrays fit in 350 kB, and a stack overflow ends the whole process, uncatchably (flvmeta issue 29, CVE-2026-54427).
    /// </summary>
    public int Depth { get; init; } = 32;

    /// <summary>
    /// How many values a message may hold. OBS' onMetaData has 20, a shared object of a full room some hundreds. The danger is memory: a
    /// value is 1 byte on the wire and 24 in memory.
    /// </summary>
    public int ValuesPerMessage { get; init; } = 10_000;

    /// <summary>How many properties an object may have: the same danger, dearer by the hash table behind each object.</summary>
    public int KeysPerObject { get; init; } = 1_000;
}
