namespace RoomGrains.Hosting;

/// <summary>What a ticket lets its bearer do.</summary>
public enum TicketPurpose
{
    /// <summary>A node pulls a stream from its origin, over a connection that it has for it.</summary>
    Relay = 1,
    /// <summary>A client that was sent to another node goes on there where it was: it is not asked again.</summary>
    Guest = 2,
    /// <summary>Somebody fetches a file over HTTP that a media job has written.</summary>
    File = 3,
    /// <summary>A node connects to another, to pull streams from it. Each stream needs a ticket of its own.</summary>
    Link = 4,
}

/// <summary>What a node says to another through a third: the client that it sends there, or the connection by which it pulls streams.</summary>
public sealed record Ticket
{
    /// <summary>What it is for: a ticket for one purpose is none for the other.</summary>
    public required TicketPurpose Purpose { get; init; }
    /// <summary>Relay, guest: the room that it is good for.</summary>
    public RoomKey Room { get; init; }
    /// <summary>The node that made it.</summary>
    public required string Node { get; init; }
    /// <summary>From then on it is worth nothing (UTC). Nodes whose clocks differ by more than its life refuse each other's tickets.</summary>
    public required DateTimeOffset Expires { get; init; }
    /// <summary>Relay: the stream. File: the recording's name (<see cref="Recording.Name"/>).</summary>
    public string Stream { get; init; } = "";
    /// <summary>Relay: the epoch of the publication that is wanted, and no other.</summary>
    public long Epoch { get; init; }
    /// <summary>Guest: the connection that was sent here. A seat that it has is taken over.</summary>
    public ConnectionId? Connection { get; init; }
    /// <summary>Guest: whether a moderator has approved it, so that a waiting room does not hold it.</summary>
    public bool Approved { get; init; }
    /// <summary>Guest: what the bearer does for the room where it is a media job of this cluster, see <see cref="Member.Service"/>. Empty: a client.</summary>
    public string Service { get; init; } = "";
    /// <summary>Guest: who the bearer is. Null: nobody has looked yet.</summary>
    public Identity? Identity { get; init; }
}
