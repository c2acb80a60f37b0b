namespace RoomGrains;

/// <summary>
/// Names one connection of one client, from its <c>connect</c> until it is gone: the key of its pending-connection grain, and its
/// seat in a room. Never used twice, so a verdict for a connection that is gone can reach no other.
/// </summary>
/// <param name="Value">A ULID in lower case: 26 characters that sort by time.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.ConnectionId")]
public readonly record struct ConnectionId([property: Id(0)] string Value)
{
    /// <summary>Makes an id that no other connection has.</summary>
    public static ConnectionId New() => new(UlidText.New());

    /// <summary>Reads an id as <see cref="ToString"/> writes it; false when it is not one.</summary>
    public static bool TryParse(string? text, out ConnectionId id)
    {
        var value = UlidText.Parse(text);
        id = value is null ? default : new ConnectionId(value);
        return value is not null;
    }

    /// <summary>The id as text.</summary>
    public override string ToString() => Value;
}
