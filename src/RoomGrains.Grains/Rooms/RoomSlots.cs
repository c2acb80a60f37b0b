using System.Collections.Immutable;
using RoomGrains.Grains.Objects;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Grains.Rooms;

/// <summary>A member as everybody in the room sees it. No address: that is for moderators.</summary>
internal sealed record MemberSlot(Member Member, string Publishes) : KeptSlot
{
    public static MemberSlot Of(Member member, IEnumerable<StreamInfo> streams) =>
        new(member with { Plays = [], Address = "", Node = "" }, string.Join(',', streams.Where(s => s.Publisher == member.Id).Select(s => s.Name).Order(StringComparer.Ordinal)));

    private AmfArray Names => [.. Publishes.Split(',', StringSplitOptions.RemoveEmptyEntries)];

    private AmfArray Muted =>
        [.. Enum.GetValues<MutedMedia>().Where(m => m is (MutedMedia.Audio or MutedMedia.Video or MutedMedia.Text) && Member.Muted.HasFlag(m)).Select(m => (AmfValue)m.ToString().ToLowerInvariant())];

    public override AmfValue Value => new AmfObject
    {
        ["id"] = Member.Id.Value,
        ["user"] = Member.Identity.User,
        ["name"] = Member.Identity.Name,
        ["role"] = Role(Member.Identity.Role),
        ["since"] = AmfValue.Date(Member.Since),
        ["publishes"] = Names,
        ["service"] = Member.Service,
        ["muted"] = Muted,
    };

    public static string Role(MemberRole role) => role switch
    {
        MemberRole.Player => "player",
        MemberRole.Publisher => "publisher",
        MemberRole.Moderator => "moderator",
        _ => "member",
    };
}

/// <summary>A stream. What changes with every report, such as its bit rate, is not in it: everybody would be told every few seconds.</summary>
internal sealed record StreamSlot(string Name, ConnectionId Publisher, DateTimeOffset Since, string Video, string Audio, int Width, int Height) : KeptSlot
{
    public static StreamSlot Of(StreamInfo stream) =>
        new(stream.Name, stream.Publisher, stream.Since, stream.VideoCodec, stream.AudioCodec, stream.Width, stream.Height);

    public override AmfValue Value => new AmfObject
    {
        ["name"] = Name,
        ["publisher"] = Publisher.Value,
        ["since"] = AmfValue.Date(Since),
        ["video"] = Video,
        ["audio"] = Audio,
        ["width"] = Width,
        ["height"] = Height,
    };
}

/// <summary>Somebody who waits to be let in.</summary>
internal sealed record PendingSlot(ConnectionId Id, DateTimeOffset Since, DateTimeOffset Deadline, Identity Identity, string Client) : KeptSlot
{
    public static PendingSlot Of(PendingSummary guest) => new(guest.Id, guest.Since, guest.Deadline, guest.Identity, guest.Client);

    public override AmfValue Value => new AmfObject
    {
        ["id"] = Id.Value,
        ["since"] = AmfValue.Date(Since),
        ["deadline"] = AmfValue.Date(Deadline),
        ["user"] = Identity.User,
        ["name"] = Identity.Name,
        ["role"] = MemberSlot.Role(Identity.Role),
        ["client"] = Client,
    };
}

/// <summary>Something about the room: a number, a text or a boolean.</summary>
internal sealed record PlainSlot(AmfValue Plain) : KeptSlot
{
    public override AmfValue Value => Plain;
}
