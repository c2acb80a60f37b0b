using System.Security.Cryptography;
using System.Text;

namespace RoomGrains.Grains.Identities;

/// <summary>A stream key as text: <c>rgk_</c>, its id, and 160 random bits, in letters and digits that no encoder, URL or shell changes.</summary>
internal static class StreamKeyText
{
    private const string Prefix = "rgk_";
    private const string Digits = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int IdLength = 8;
    private const int SecretLength = 32;

    public static string NewId() => RandomNumberGenerator.GetString(Digits, IdLength);

    /// <summary>A new key with an id.</summary>
    public static string New(string id) => $"{Prefix}{id}_{RandomNumberGenerator.GetString(Digits, SecretLength)}";

    /// <summary>Whether a text is meant as a stream key: a mistyped one is refused, and what others call a key is none of ours.</summary>
    public static bool IsMeant(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The id that a key begins with; null when the text is no key.</summary>
    public static string? IdOf(string? text) =>
        text is { Length: 4 + IdLength + 1 + SecretLength } && text.StartsWith(Prefix, StringComparison.Ordinal) && text[4 + IdLength] == '_'
            ? text.Substring(4, IdLength)
            : null;

    /// <summary>What is kept of it. No salt, no slow hash: nobody can go through 160 random bits.</summary>
    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
