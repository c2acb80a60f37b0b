namespace RoomGrains;

/// <summary>What clients and moderators write ends on others' screens, in logs and in terminals: it must be one line there, and no command to them.</summary>
public static class PlainText
{
    /// <summary>The most characters that are kept.</summary>
    public const int MaxLength = 500;

    /// <summary>The text on one line, without control characters, trimmed and cut to <see cref="MaxLength"/>.</summary>
    /// <param name="text">What somebody wrote.</param>
    /// <param name="instead">What to say where nothing is left of it.</param>
    public static string Of(string? text, string instead = "")
    {
        var line = string.Concat((text ?? "").Where(c => !char.IsControl(c))).Trim();
        if (line.Length > MaxLength)
            line = line[..(char.IsHighSurrogate(line[MaxLength - 1]) ? MaxLength - 1 : MaxLength)];
        return line.Length == 0 ? instead : line;
    }
}
