using System.Collections.Immutable;

namespace RoomGrains.Grains.Rooms;

/// <summary>How what a moderator says becomes part of what is laid down, and what cannot.</summary>
internal static class ModerationRules
{
    private const string Somebody = "a moderator";

    /// <summary>Who did it, for the records.</summary>
    public static string By(string by) => PlainText.Of(by, Somebody);

    /// <summary>The ban as it is kept; refused where it bans nobody, or does not say whom.</summary>
    public static Answer<Ban> Check(Ban ban, DateTimeOffset now)
    {
        if (ban.User.Length > 0 == ban.Addresses.Length > 0)
            return Invalid("A ban is of a user or of addresses, and of one of the two.");
        if (ban.User.Length > Identity.MaxUser)
            return Invalid($"A user has at most {Identity.MaxUser} characters.");
        if (ban.Addresses.Length > 0 && ModerationTable.ParseNetwork(ban.Addresses) is null)
            return Invalid($"'{PlainText.Of(ban.Addresses)}' is neither an IP address nor a range of them: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.");
        if (ban.Until <= now)
            return Invalid($"A ban until {ban.Until:u} is over already.");
        return ban with
        {
            Addresses = ban.Addresses.Length > 0 ? Text(ModerationTable.ParseNetwork(ban.Addresses)!.Value) : "",
            Reason = PlainText.Of(ban.Reason, "You are banned."),
            By = By(ban.By),
            At = now,
        };
    }

    /// <summary>The bans that have not run out.</summary>
    public static ImmutableArray<Ban> Current(this ImmutableArray<Ban> bans, DateTimeOffset now) => [.. bans.Where(ban => !ModerationTable.HasRunOut(ban.Until, now))];

    /// <summary>The bans with this one.</summary>
    public static ImmutableArray<Ban> With(this ImmutableArray<Ban> bans, Ban ban) => [.. bans.Without(ban.Subject), ban];

    /// <summary>The bans without those of a subject.</summary>
    public static ImmutableArray<Ban> Without(this ImmutableArray<Ban> bans, string subject) => [.. bans.Where(ban => ban.Subject != subject)];

    /// <summary>What the banned are told.</summary>
    /// <param name="ban">The ban.</param>
    /// <param name="where">From what.</param>
    public static Refusal Banned(Ban ban, string where) =>
        new(RefusalCode.Banned, $"You are banned from {where}{(ban.Until is { } until ? $" until {until:u}" : "")}: {ban.Reason}");

    /// <summary>The mutes with this one, or without one where it drops nothing.</summary>
    public static RoomModeration With(this RoomModeration lists, Mute mute)
    {
        var others = lists.Mutes.Where(other => other.Subject != mute.Subject);
        return lists with { Mutes = mute.Media == MutedMedia.None ? [.. others] : [.. others, mute] };
    }

    /// <summary>The guests with this one.</summary>
    public static RoomModeration With(this RoomModeration lists, KnownGuest guest) =>
        lists with { Guests = [.. lists.Guests.Where(other => other.User != guest.User), guest] };

    /// <summary>A ban's subject, as it would be kept: the address in the form that the list has.</summary>
    public static string Subject(string text) => ModerationTable.ParseNetwork(text) is { } network ? Text(network) : text;

    /// <summary>Whom something was done to, for the records.</summary>
    public static string Subject(Identity identity, ConnectionId connection) => identity.IsKnown ? $"{identity.User} ({connection})" : connection.Value;

    /// <summary>Null where nothing is laid down any more: a room that nobody created then keeps nothing.</summary>
    public static RoomModeration? OrNone(RoomModeration lists) => lists is { Bans.IsEmpty: true, Mutes.IsEmpty: true, Guests.IsEmpty: true } ? null : lists;

    /// <summary>Why a list takes no more; null where it does.</summary>
    public static Refusal? Full(RoomModeration lists) =>
        lists.Bans.Length > ModerationTable.Most || lists.Mutes.Length > ModerationTable.Most || lists.Guests.Length > ModerationTable.Most ? TooMany("The room") : null;

    /// <summary>A list takes no more.</summary>
    /// <param name="whose">The room, or the application.</param>
    public static Refusal TooMany(string whose) =>
        Invalid($"{whose} has as many as it may have ({ModerationTable.Most}). Take some away that are not needed any more, or ban a range of addresses.");

    /// <summary>A ban, for the audit trail.</summary>
    /// <param name="ban">The ban, as it is kept.</param>
    /// <param name="now">When.</param>
    /// <param name="putOut">How many were put out for it; null: it is not known yet.</param>
    public static AuditEntry Entry(Ban ban, DateTimeOffset now, int? putOut = null) =>
        new(now, ban.By, "ban", ban.Subject, $"{ban.Reason}{(ban.Until is { } until ? $" (until {until:u})" : "")}{(putOut > 0 ? $", {putOut} put out" : "")}");

    private static Refusal Invalid(string message) => new(RefusalCode.InvalidSetting, message);

    private static string Text(System.Net.IPNetwork network) =>
        network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8 ? network.BaseAddress.ToString() : network.ToString();
}
