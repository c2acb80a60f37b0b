namespace RoomGrains;

/// <summary>Names a remote shared object of a room: <c>{application}/{room}/{object}</c>.</summary>
/// <param name="Room">Its room.</param>
/// <param name="Name">Its name, as <see cref="IsValidName"/> allows it.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.SharedObjectKey")]
public readonly record struct SharedObjectKey([property: Id(0)] RoomKey Room, [property: Id(1)] string Name)
{
    /// <summary>The rule of names in words, for error messages.</summary>
    public const string Rule = "The name of a shared object is one or more names with slashes between them, 255 characters at the most. " + Names.Rule;

    /// <summary>Whether a name is allowed. Clients of Flash Media Server write paths, such as <c>chat/users</c>.</summary>
    public static bool IsValidName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > Names.MaxBytes)
            return false;
        foreach (var part in name.Split('/'))
            if (!Names.IsValid(name[part]))
                return false;
        return true;
    }

    /// <summary>Reads <c>application/room/object</c>; false when it is not that.</summary>
    public static bool TryParse(string? text, out SharedObjectKey key)
    {
        key = default;
        if (text is null || text.IndexOf('/', StringComparison.Ordinal) is not (> 0 and var first) || text.IndexOf('/', first + 1) is not (> 0 and var second))
            return false;
        if (!RoomKey.TryParse(text[..second], out var room) || !IsValidName(text.AsSpan(second + 1)))
            return false;
        key = new SharedObjectKey(room, text[(second + 1)..]);
        return true;
    }

    /// <summary>The key as text: <c>application/room/object</c>.</summary>
    public override string ToString() => $"{Room}/{Name}";
}
