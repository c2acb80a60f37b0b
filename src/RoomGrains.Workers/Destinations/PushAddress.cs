using System.Diagnostics.CodeAnalysis;

namespace RoomGrains.Workers.Destinations;

/// <summary>The parts of an address that a stream is pushed to. The name of the stream is a secret: it is the key with most services.</summary>
/// <param name="Host">A name, or an IP address without brackets.</param>
/// <param name="Port">The port.</param>
/// <param name="IsSecure">Whether it is RTMP over TLS.</param>
/// <param name="App">What connect names: all of the path but its last part.</param>
/// <param name="Stream">What publish names: the last part, with the query.</param>
internal sealed record PushAddress(string Host, int Port, bool IsSecure, string App, string Stream)
{
    /// <summary>The longest that is looked at. Services' keys have some hundred characters.</summary>
    private const int MaxLength = 2048;

    /// <summary>Host and port: what may be shown.</summary>
    public string Authority => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <summary>The URL up to the stream, as connect has it.</summary>
    public string TcUrl => $"{(IsSecure ? "rtmps" : "rtmp")}://{Authority}/{App}";

    /// <summary>Nothing but what may be shown: a record would print the stream.</summary>
    public override string ToString() => Authority;

    /// <summary>Reads an address.</summary>
    /// <param name="text">What a request says.</param>
    /// <param name="address">Its parts.</param>
    /// <param name="problem">What is wrong, without the address: it may hold a secret.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out PushAddress? address, [NotNullWhen(false)] out string? problem)
    {
        address = null;
        problem = "the address must be rtmp://host[:port]/app/stream or rtmps://host[:port]/app/stream.";
        if (text.Length > MaxLength || text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) || !Uri.TryCreate(text, UriKind.Absolute, out var uri))
            return false;
        var secure = uri.Scheme.Equals("rtmps", StringComparison.OrdinalIgnoreCase);
        if (!secure && !uri.Scheme.Equals("rtmp", StringComparison.OrdinalIgnoreCase))
            return false;
        if (uri.UserInfo.Length > 0)
        {
            problem = "the address must have no user name and no password.";
            return false;
        }
        // As it was written: keys are case-sensitive and may have characters that Uri writes in another way.
        var path = text.AsSpan(text.IndexOf("://", StringComparison.Ordinal) + 3);
        var slash = path.IndexOf('/');
        if (slash < 0 || uri.IdnHost.Length == 0 || path.Contains('#'))
            return false;
        path = path[(slash + 1)..];
        var query = path.IndexOf('?') is >= 0 and var mark ? mark : path.Length;
        var last = path[..query].LastIndexOf('/');
        if (last <= 0 || last + 1 == query)
            return false;
        var port = uri.Port > 0 ? uri.Port : secure ? 443 : 1935;
        address = new PushAddress(uri.IdnHost.Trim('[', ']'), port, secure, path[..last].ToString(), path[(last + 1)..].ToString());
        problem = null;
        return true;
    }
}
