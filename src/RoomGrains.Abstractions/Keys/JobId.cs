namespace RoomGrains;

/// <summary>Names a media job: the key of its grain, and part of the names of its files. Never used twice.</summary>
/// <param name="Value">A ULID in lower case: 26 characters that sort by time.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.JobId")]
public readonly record struct JobId([property: Id(0)] string Value)
{
    /// <summary>Makes an id that no other job has.</summary>
    public static JobId New() => new(UlidText.New());

    /// <summary>Reads an id as <see cref="ToString"/> writes it; false when it is not one.</summary>
    public static bool TryParse(string? text, out JobId id)
    {
        var value = UlidText.Parse(text);
        id = value is null ? default : new JobId(value);
        return value is not null;
    }

    /// <summary>The id as text.</summary>
    public override string ToString() => Value;
}
