namespace RoomGrains.Hosting;

/// <summary>The URL by which a client takes its ticket to another node. The ticket is as good as a password while it lives: such a URL goes to its client and nowhere else, no log, no list.</summary>
public static class TicketUrl
{
    /// <summary>The name of the parameter that holds the ticket.</summary>
    public const string Parameter = "ticket";

    /// <summary>How long a client has to get there. 30 s: longer than a player takes to reconnect over a slow network, too short to hand around.</summary>
    public static readonly TimeSpan GuestLife = TimeSpan.FromSeconds(30);

    /// <summary>Writes the URL.</summary>
    /// <param name="address">Where clients reach the node: host and port, as in <see cref="NodeReport.RtmpAddress"/>.</param>
    /// <param name="room">The room that the ticket is for.</param>
    /// <param name="ticket">The signed ticket.</param>
    public static string For(string address, RoomKey room, string ticket) =>
        // Names hold nothing that ends a part of a URL (Names.Rule), and RTMP clients send the path as it is written.
        $"rtmp://{address}/{room}?{Parameter}={ticket}";

    /// <summary>The URL without its query: what may be shown.</summary>
    public static string WithoutQuery(string url) => url.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query ? url[..query] : url;
}
