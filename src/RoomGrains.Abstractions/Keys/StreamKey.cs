namespace RoomGrains;

/// <summary>Names a stream that a member publishes in a room: <c>{application}/{room}/{stream}</c>.</summary>
/// <param name="Room">The room it is published in.</param>
/// <param name="Stream">The stream's name, as <see cref="Names.IsValid"/> allows it.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.StreamKey")]
public readonly record struct StreamKey([property: Id(0)] RoomKey Room, [property: Id(1)] string Stream)
{
    /// <summary>Reads <c>application/room/stream</c>; false when it is not three valid names.</summary>
    public static bool TryParse(string? text, out StreamKey key)
    {
        key = default;
        if (text is null || text.LastIndexOf('/') is not (> 0 and var slash))
            return false;
        if (!RoomKey.TryParse(text[..slash], out var room) || !Names.IsValid(text.AsSpan(slash + 1)))
            return false;
        key = new StreamKey(room, text[(slash + 1)..]);
        return true;
    }

    /// <summary>The key as text: <c>application/room/stream</c>.</summary>
    public override string ToString() => $"{Room}/{Stream}";
}
