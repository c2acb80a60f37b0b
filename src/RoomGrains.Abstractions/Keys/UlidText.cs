namespace RoomGrains;

/// <summary>Ids as text: a ULID in lower case, 26 characters that sort by time.</summary>
internal static class UlidText
{
    private const string Digits = "0123456789abcdefghjkmnpqrstvwxyz";

    public static string New() => Ulid.NewUlid().ToString().ToLowerInvariant();

    /// <summary>The id in lower case; null when the text is none.</summary>
    public static string? Parse(string? text) =>
        // Ulid's own parser takes any character for some digit.
        text is { Length: 26 } && text[0] <= '7' && text.All(c => Digits.Contains(char.ToLowerInvariant(c), StringComparison.Ordinal)) ? text.ToLowerInvariant() : null;
}
