using System.Text;

namespace RoomGrains;

/// <summary>The rule for names of applications, rooms and streams. They come from clients and end in file paths, logs and URLs.</summary>
public static class Names
{
    /// <summary>The longest name in bytes of UTF-8: the limit of file names on every file system that matters.</summary>
    public const int MaxBytes = 255;

    /// <summary>The rule in words, for error messages.</summary>
    public const string Rule = "A name has 1 to 255 bytes of letters, digits and - _ . ~ @ + = and does not begin with '.' or '-'.";

    /// <summary>
    /// Whether a name is allowed: letters and digits of any script, and <c>- _ . ~ @ + =</c>, not beginning with a dot or a dash. Combining
    /// marks are neither letters nor digits, so that é has one spelling and equal names are equal bytes.
    /// </summary>
    public static bool IsValid(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty || name.Length > MaxBytes || name[0] is '.' or '-' || Encoding.UTF8.GetByteCount(name) > MaxBytes)
            return false;
        foreach (var rune in name.EnumerateRunes())
            if (!Rune.IsLetterOrDigit(rune) && !(rune.IsAscii && "-_.~@+=".Contains((char)rune.Value, StringComparison.Ordinal)))
                return false;
        return true;
    }
}
