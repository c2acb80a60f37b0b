namespace RoomGrains;

/// <summary>
/// Names a room: the two parts of <c>rtmp://host/{application}/{room}</c>. This is the one place where the key of a room grain is
/// written and read.
/// </summary>
/// <param name="Application">The application, as <see cref="Names.IsValid"/> allows it.</param>
/// <param name="Room">The room (the "instance" of Flash Media Server), as <see cref="Names.IsValid"/> allows it.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.RoomKey")]
public readonly record struct RoomKey([property: Id(0)] string Application, [property: Id(1)] string Room)
{
    /// <summary>Reads <c>application/room</c>.</summary>
    /// <exception cref="FormatException">The text is not two valid names with a slash between them.</exception>
    public static RoomKey Parse(string text) =>
        TryParse(text, out var key) ? key : throw new FormatException($"'{text}' is not a room. Write it as application/room, for example chat/lobby.");

    /// <summary>Reads <c>application/room</c>; false when it is not two valid names with a slash between them.</summary>
    public static bool TryParse(string? text, out RoomKey key)
    {
        key = default;
        if (text is null || text.IndexOf('/', StringComparison.Ordinal) is not (> 0 and var slash))
            return false;
        if (!Names.IsValid(text.AsSpan(0, slash)) || !Names.IsValid(text.AsSpan(slash + 1)))
            return false;
        key = new RoomKey(text[..slash], text[(slash + 1)..]);
        return true;
    }

    /// <summary>The key as text: <c>application/room</c>.</summary>
    public override string ToString() => $"{Application}/{Room}";
}
