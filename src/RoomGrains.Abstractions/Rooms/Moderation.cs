using System.Collections.Immutable;

namespace RoomGrains;

/// <summary>What of a member the others are spared.</summary>
[Flags]
public enum MutedMedia
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>Its sound.</summary>
    Audio = 1,
    /// <summary>Its picture: players keep the last one.</summary>
    Video = 2,
    /// <summary>What it says: chat, and text in its streams.</summary>
    Text = 4,
    /// <summary>All of it.</summary>
    All = Audio | Video | Text,
}

/// <summary>Somebody who does not get into a room: a user, or whoever comes from some addresses. A ban has one of the two; a second one of the same replaces it.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.Ban")]
public sealed record Ban
{
    /// <summary>The user, as in <see cref="Identity.User"/>; empty: the ban is of addresses.</summary>
    [Id(0)] public string User { get; init; } = "";
    /// <summary>An IP address or a range of them (<c>192.0.2.0/24</c>, <c>2001:db8::/32</c>); empty: the ban is of a user.</summary>
    [Id(1)] public string Addresses { get; init; } = "";
    /// <summary>What the banned are told.</summary>
    [Id(2)] public string Reason { get; init; } = "";
    /// <summary>Who banned them.</summary>
    [Id(3)] public string By { get; init; } = "";
    /// <summary>Since when, by the room's clock (UTC).</summary>
    [Id(4)] public DateTimeOffset At { get; init; }
    /// <summary>Until when (UTC); null: for good.</summary>
    [Id(5)] public DateTimeOffset? Until { get; init; }

    /// <summary>The user or the addresses.</summary>
    public string Subject => User.Length > 0 ? User : Addresses;
}

/// <summary>A member whose sound, picture or words the others are spared. Of somebody who is known it holds for the user, on whatever connection; else for the connection.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.Mute")]
public sealed record Mute
{
    /// <summary>The user, as in <see cref="Identity.User"/>; empty: the mute is of a connection.</summary>
    [Id(0)] public string User { get; init; } = "";
    /// <summary>The connection of somebody who is not known; null: the mute is of a user.</summary>
    [Id(1)] public ConnectionId? Connection { get; init; }
    /// <summary>What is dropped.</summary>
    [Id(2)] public required MutedMedia Media { get; init; }
    /// <summary>Who muted it.</summary>
    [Id(3)] public string By { get; init; } = "";
    /// <summary>Since when, by the room's clock (UTC).</summary>
    [Id(4)] public DateTimeOffset At { get; init; }
    /// <summary>Until when (UTC); null: until somebody unmutes it.</summary>
    [Id(5)] public DateTimeOffset? Until { get; init; }

    /// <summary>The user or the connection.</summary>
    public string Subject => User.Length > 0 ? User : Connection?.Value ?? "";
}

/// <summary>Somebody whom a waiting room lets pass, because a moderator said so once.</summary>
/// <param name="User">The user, as in <see cref="Identity.User"/>.</param>
/// <param name="By">Who said so.</param>
/// <param name="At">When (UTC).</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.KnownGuest")]
public sealed record KnownGuest([property: Id(0)] string User, [property: Id(1)] string By, [property: Id(2)] DateTimeOffset At);

/// <summary>What moderators have laid down in a room.</summary>
/// <param name="Bans">Who does not get in.</param>
/// <param name="Mutes">Whose sound, picture or words are dropped.</param>
/// <param name="Guests">Whom the waiting room lets pass.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.RoomModeration")]
public sealed record RoomModeration(
    [property: Id(0)] ImmutableArray<Ban> Bans, [property: Id(1)] ImmutableArray<Mute> Mutes, [property: Id(2)] ImmutableArray<KnownGuest> Guests);

/// <summary>One thing that somebody did in a room, or to it.</summary>
/// <param name="At">When (UTC).</param>
/// <param name="By">Who.</param>
/// <param name="Action">What: <c>kick</c>, <c>ban</c>, <c>unban</c>, <c>mute</c>, <c>unmute</c>, <c>lock</c>, <c>unlock</c>, <c>close</c>, <c>create</c>, <c>set</c>, <c>approve</c>, <c>reject</c>, <c>redirect</c>, <c>remember</c>, <c>forget</c>.</param>
/// <param name="Subject">To whom or what: a user, an address, a connection; empty: the room.</param>
/// <param name="Details">How, and why, in words.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.AuditEntry")]
public sealed record AuditEntry(
    [property: Id(0)] DateTimeOffset At, [property: Id(1)] string By, [property: Id(2)] string Action, [property: Id(3)] string Subject,
    [property: Id(4)] string Details);

/// <summary>
/// What has been done in a room by whom; the key is a <see cref="RoomKey"/> as text, or the application's name for what was done to all of its rooms. It is durable, and outlives the room. What the database cannot take is held
/// and written with the next entry, or a moment later.
/// </summary>
[Alias("RoomGrains.IAuditGrain")]
public interface IAuditGrain : IGrainWithStringKey
{
    /// <summary>Adds an entry. The eldest of more than a thousand goes.</summary>
    [Alias("Append")]
    Task Append(AuditEntry entry);

    /// <summary>The newest entries, the newest first.</summary>
    /// <param name="most">How many.</param>
    [Alias("List")]
    Task<ImmutableArray<AuditEntry>> List(int most);
}
