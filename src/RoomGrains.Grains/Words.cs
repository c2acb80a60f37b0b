namespace RoomGrains.Grains;

/// <summary>What people write: it ends on clients' screens, in logs and in trails.</summary>
internal static class Words
{
    private const int MaxLength = 500;

    /// <summary>The text on one line, without control characters, cut to 500 characters; <paramref name="instead"/> where nothing is left.</summary>
    public static string Printable(string? text, string instead)
    {
        text = string.Concat((text ?? "").Where(c => !char.IsControl(c))).Trim();
        return text.Length == 0 ? instead : text.Length > MaxLength ? text[..MaxLength] : text;
    }
}
