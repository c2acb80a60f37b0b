using System.Diagnostics.CodeAnalysis;

namespace RoomGrains;

/// <summary>What a grain call that can be refused returns when it has no value: done, or refused.</summary>
/// <param name="Refusal">Why not; null when it was done.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.Answer")]
public sealed record Answer([property: Id(0)] Refusal? Refusal)
{
    /// <summary>It was done.</summary>
    public static Answer Done { get; } = new((Refusal?)null);

    /// <summary>Whether it was done.</summary>
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool IsDone => Refusal is null;

    /// <summary>A refusal as an answer.</summary>
    public static implicit operator Answer(Refusal refusal) => new(refusal);
}

/// <summary>What a grain call that can be refused returns: a value, or a refusal.</summary>
/// <typeparam name="T">The value.</typeparam>
/// <param name="Value">The value; default when it was refused.</param>
/// <param name="Refusal">Why not; null when there is a value.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.Answer`1")]
public sealed record Answer<T>([property: Id(0)] T? Value, [property: Id(1)] Refusal? Refusal)
{
    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value)), MemberNotNullWhen(false, nameof(Refusal))]
    public bool IsDone => Refusal is null;

    /// <summary>A value as an answer.</summary>
    public static implicit operator Answer<T>(T value) => new(value, null);

    /// <summary>A refusal as an answer.</summary>
    public static implicit operator Answer<T>(Refusal refusal) => new(default, refusal);

    /// <summary>The value, or the refusal as an exception: for callers that have nothing to say about it.</summary>
    /// <exception cref="RefusalException">It was refused.</exception>
    public T ValueOrThrow() => IsDone ? Value : throw new RefusalException(Refusal);
}
