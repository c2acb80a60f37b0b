namespace RoomGrains;

/// <summary>The three things a connection can be told. Exactly one verdict is given to each pending connection, or none where the client left.</summary>
public enum VerdictKind
{
    /// <summary>Admitted to a room.</summary>
    Accept = 1,
    /// <summary>Told no, with a reason.</summary>
    Reject = 2,
    /// <summary>Told to connect elsewhere.</summary>
    Redirect = 3,
}

/// <summary>What a connection is told, and who decided it.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.Verdict")]
public sealed record Verdict
{
    /// <summary>The connection this verdict is for. The gateway checks it against the socket's own id before it says a word.</summary>
    [Id(0)] public required ConnectionId Connection { get; init; }
    /// <summary>Accept, reject or redirect.</summary>
    [Id(1)] public required VerdictKind Kind { get; init; }
    /// <summary>The room of an accepted connection.</summary>
    [Id(2)] public RoomKey? Room { get; init; }
    /// <summary>Why, for a rejection: the code that programs read.</summary>
    [Id(3)] public RefusalCode? Code { get; init; }
    /// <summary>What the client is told in words.</summary>
    [Id(4)] public string Description { get; init; } = "";
    /// <summary>Where to, for a redirect: an rtmp or rtmps URL up to the room.</summary>
    [Id(5)] public string? RedirectUrl { get; init; }
    /// <summary>Who decided: <c>policy</c>, <c>deadline</c>, or the name a moderator gave.</summary>
    [Id(6)] public required string DecidedBy { get; init; }
    /// <summary>When it was decided (UTC).</summary>
    [Id(7)] public required DateTimeOffset DecidedAt { get; init; }
    /// <summary>True when somebody waits to hear that the verdict reached its client: the gateway then confirms it to the grain.</summary>
    [Id(8)] public bool ConfirmDelivery { get; init; }
    /// <summary>What an accepted connection does for the room where its ticket says that it is a media job of this cluster, see <see cref="Member.Service"/>. Empty: a client.</summary>
    [Id(9)] public string Service { get; init; } = "";
    /// <summary>Who an accepted connection is: its node tells the room so again and again, see <see cref="Member.Identity"/>.</summary>
    [Id(10)] public Identity Identity { get; init; } = Identity.Anonymous(MemberRole.Member);
    /// <summary>
    /// What a rejected client must know to connect again with its user and password: the text of Adobe's <c>authmod</c>. Null: it is not asked for them.
    /// Nothing in it is secret, and nothing in it is anybody's own words.
    /// </summary>
    [Id(11)] public string? Challenge { get; init; }
    /// <summary>Whether the room of an accepted connection wants to be asked before it plays a stream, see <see cref="Seat.AsksPlays"/>.</summary>
    [Id(12)] public bool AsksPlays { get; init; }
}

/// <summary>The answer to one slice of waiting: the verdict, or "still pending, ask again".</summary>
/// <param name="Verdict">The verdict; null while pending.</param>
/// <param name="Deadline">When the connection will be timed out if nobody decides (UTC).</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.AdmissionAnswer")]
public sealed record AdmissionAnswer([property: Id(0)] Verdict? Verdict, [property: Id(1)] DateTimeOffset Deadline)
{
    /// <summary>Its place among those who wait for the same room's moderators, from 1; 0 where it waits for something else, or nobody knows yet.</summary>
    [Id(2)] public int Position { get; init; }
}
