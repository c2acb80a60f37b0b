using System.Text;

namespace RoomGrains.Rtmp.Commands;

/// <summary>
/// Text for the description of an error. FFmpeg, librtmp, OBS and GStreamer search the description of a rejected connect for
/// <c>authmod=adobe</c>, <c>authmod=llnw</c> and <c>code=403 need auth</c>; where they find it they connect again and send credentials. Text that people
/// or programs wrote must not be able to ask for them.
/// </summary>
public static class RejectionText
{
    // FFmpeg reads descriptions into 256 bytes, librtmp into as many as there are; longer ones are cut where they are shown.
    private const int MaxLength = 400;

    /// <summary>A reason in FMS' form: <c>[ Server.Reject ] : reason</c>. Never empty: FFmpeg ignores an error without description, and waits.</summary>
    public static string Describe(string reason) =>
        $"[ Server.Reject ] : {(Clean(reason) is { Length: > 0 } text ? text : "The server refused the connection.")}";

    /// <summary>The text on one line, cut to 400 characters, without what clients take for a request for credentials.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(Math.Min(text.Length, MaxLength));
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length >= MaxLength)
                break;
            clean.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }
        return clean.ToString()
            .Replace("authmod=", "authmod:", StringComparison.OrdinalIgnoreCase)
            .Replace("code=403", "code:403", StringComparison.OrdinalIgnoreCase)
            .Trim();
    }
}
