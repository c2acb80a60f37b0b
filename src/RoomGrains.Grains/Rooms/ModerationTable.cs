using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace RoomGrains.Grains.Rooms;

/// <summary>
/// What moderators have laid down in a room, as it is looked up: each newcomer against the bans, each member against the mutes. It is made anew from the durable
/// lists when they change, and knows by itself what has run out.
/// </summary>
internal sealed class ModerationTable
{
    /// <summary>Of each kind. Who needs more bans bans a range; every newcomer is held against all of them.</summary>
    public const int Most = 1000;

    private readonly RoomModeration _lists;
    private readonly (IPNetwork Network, Ban Ban)[] _networks;
    private readonly FrozenDictionary<string, Ban> _users;
    private readonly FrozenSet<string> _guests;

    private ModerationTable(RoomModeration lists)
    {
        _lists = lists;
        _networks = [.. lists.Bans.Where(ban => ban.Addresses.Length > 0).Select(ban => (ParseNetwork(ban.Addresses)!.Value, ban))];
        _users = lists.Bans.Where(ban => ban.User.Length > 0).ToFrozenDictionary(ban => ban.User, StringComparer.Ordinal);
        _guests = lists.Guests.Select(guest => guest.User).ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>Nothing laid down, as in most rooms.</summary>
    public static ModerationTable Empty { get; } = new(new RoomModeration([], [], []));

    /// <summary>From what is durable.</summary>
    public static ModerationTable Of(RoomState state) => state.Moderation is { } lists ? new ModerationTable(lists) : Empty;

    /// <summary>Of bans alone.</summary>
    public static ModerationTable Of(ImmutableArray<Ban> bans) => bans.IsEmpty ? Empty : new ModerationTable(Empty._lists with { Bans = bans });

    /// <summary>Whether nobody was banned.</summary>
    public bool HasNoBans => _lists.Bans.IsEmpty;

    /// <summary>Whether anybody was muted; it may have run out.</summary>
    public bool HasMutes => !_lists.Mutes.IsEmpty;

    /// <summary>What holds at this time.</summary>
    public RoomModeration Current(DateTimeOffset now) => _lists with
    {
        Bans = _lists.Bans.Current(now),
        Mutes = [.. _lists.Mutes.Where(mute => !HasRunOut(mute.Until, now))],
    };

    /// <summary>The ban that keeps somebody out; null: none.</summary>
    public Ban? FindBan(Member member, DateTimeOffset now)
    {
        if (member.Identity.IsKnown && _users.TryGetValue(member.Identity.User, out var ban) && !HasRunOut(ban.Until, now))
            return ban;
        if (_networks.Length == 0 || !IPEndPoint.TryParse(member.Address, out var endpoint))
            return null;
        var address = endpoint.Address.IsIPv4MappedToIPv6 ? endpoint.Address.MapToIPv4() : endpoint.Address;
        foreach (var (network, of) in _networks)
            if (network.Contains(address) && !HasRunOut(of.Until, now))
                return of;
        return null;
    }

    /// <summary>Whether a waiting room lets this one pass.</summary>
    public bool IsKnownGuest(Member member) => member.Identity.IsKnown && _guests.Contains(member.Identity.User);

    /// <summary>What of a member the others are spared.</summary>
    public MutedMedia Muted(Member member, DateTimeOffset now)
    {
        var media = MutedMedia.None;
        foreach (var mute in _lists.Mutes)
            if (!HasRunOut(mute.Until, now) && (mute.User.Length > 0 ? mute.User == member.Identity.User : mute.Connection == member.Id))
                media |= mute.Media;
        return media;
    }

    /// <summary>Which members are muted, and how; empty nearly always.</summary>
    public ImmutableArray<MemberMute> Muted(IEnumerable<Member> members, DateTimeOffset now) =>
        [.. members.Select(member => new MemberMute(member.Id, Muted(member, now))).Where(mute => mute.Media != MutedMedia.None)];

    /// <summary>A range of addresses, or one; null where the text is neither. The old short forms (192.0.2 means 192.0.0.2) are slips of who types them.</summary>
    public static IPNetwork? ParseNetwork(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? text : text[..slash];
        if (!IPAddress.TryParse(first, out var address) || (address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != first))
            return null;
        if (slash >= 0)
            return IPNetwork.TryParse(text, out var network) ? network : null;
        var one = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return new IPNetwork(one, one.GetAddressBytes().Length * 8);
    }

    /// <summary>Whether what holds until then holds no more.</summary>
    public static bool HasRunOut(DateTimeOffset? until, DateTimeOffset now) => until <= now;
}
