using System.Diagnostics.CodeAnalysis;

namespace RoomGrains.Rtmp.Commands;

/// <summary>
/// What a server asks of a client in mid-session (Enhanced RTMP v2, "Reconnect Request"): connect elsewhere at the next key frame, and leave
/// when that has worked. Until then it goes on serving. <see cref="Replies.ReconnectRequest"/> writes it.
/// </summary>
/// <param name="Url">
/// The tcUrl to connect to: absolute, with a query where the server gave one. It is the server's claim: count how often it is followed. Its
/// query may be a ticket: never log it.
/// </param>
/// <param name="Description">For people; empty where the server gave none.</param>
public sealed record ReconnectRequest(string Url, string Description)
{
    /// <summary>Reads a request from what a server says on the connection.</summary>
    /// <param name="command">A command on message stream 0.</param>
    /// <param name="tcUrl">The tcUrl of the connection it came on: a relative one is resolved against it (RFC 3986 §5), and stands for none.</param>
    /// <param name="request">The request.</param>
    /// <returns>False when it is another command, or names no rtmp or rtmps URL.</returns>
    public static bool TryParse(CommandMessage command, string tcUrl, [NotNullWhen(true)] out ReconnectRequest? request)
    {
        ArgumentNullException.ThrowIfNull(command);
        request = null;
        if (command.Name != Replies.OnStatus || command[0]["code"].AsString() != StatusCodes.Connect.ReconnectRequest)
            return false;
        var url = command[0]["tcUrl"].AsString() is { Length: > 0 } given ? Resolve(given, tcUrl) : tcUrl;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("rtmp" or "rtmps") || uri.Host.Length == 0)
            return false;
        request = new ReconnectRequest(url, command[0]["description"].AsString() ?? "");
        return true;
    }

    private static string? Resolve(string given, string tcUrl)
    {
        // A path that begins with a slash is an absolute file URI to .NET on Unix.
        if (!given.StartsWith('/') && Uri.TryCreate(given, UriKind.Absolute, out _))
            return given;
        return Uri.TryCreate(tcUrl, UriKind.Absolute, out var current) && Uri.TryCreate(given, UriKind.Relative, out var relative)
            && Uri.TryCreate(current, relative, out var resolved) ? resolved.AbsoluteUri : null;
    }
}
