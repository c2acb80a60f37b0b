using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RoomGrains.Workers.Storage;

/// <summary>
/// Names as parts of paths: <c>application/room/stream/profile/…</c>. A name that <see cref="Names.IsValid"/> allows stands for itself; of any other one every
/// byte that is not allowed there is written as <c>!</c> and two digits, so that no name is a separator, a parent, an option, a pattern or too long.
/// </summary>
internal static class MediaNames
{
    /// <summary>The longest part: what file systems take.</summary>
    public const int MaxBytes = 255;

    private const char Escape = '!';
    private const int DigestDigits = 32;

    /// <summary>The name as one part of a path.</summary>
    public static string Encode(string name)
    {
        if (Names.IsValid(name))
            return name;
        var text = new StringBuilder();
        foreach (var rune in name.EnumerateRunes())
        {
            // What may not begin a name is escaped everywhere: the reader of a path need not look where it stands.
            if (rune.Value is not ('.' or '-') && Names.IsValid(rune.ToString()))
                text.Append(rune.ToString());
            else
                foreach (var value in Encoding.UTF8.GetBytes(rune.ToString()))
                    text.Append(Escape).Append(value.ToString("x2", CultureInfo.InvariantCulture));
        }
        if (text.Length == 0)
            return $"{Escape}";
        var encoded = text.ToString();
        if (Encoding.UTF8.GetByteCount(encoded) <= MaxBytes)
            return encoded;
        // The end of a long one is a digest of all of it, or names with the same beginning would be one.
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..DigestDigits];
        var kept = new StringBuilder();
        var bytes = 0;
        foreach (var rune in encoded.EnumerateRunes())
        {
            if ((bytes += rune.Utf8SequenceLength) > MaxBytes - DigestDigits - 2)
                break;
            kept.Append(rune.ToString());
        }
        return $"{kept}{Escape}{Escape}{digest}";
    }

    /// <summary>The folder of a stream's results of a profile, with slashes.</summary>
    public static string FolderOf(StreamKey stream, string profile) =>
        $"{Encode(stream.Room.Application)}/{Encode(stream.Room.Room)}/{Encode(stream.Stream)}/{Encode(profile)}";

    /// <summary>
    /// The name of a part's file, without its ending: time, job, epoch and part. It begins with a digit and has nothing of what a client wrote. The epoch is in it
    /// because two nodes could share a folder, and one of them work on for a moment when its turn is over.
    /// </summary>
    public static string PartOf(DateTimeOffset started, JobId job, long epoch, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{started.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}-{job}-{epoch}-{part}");
}
