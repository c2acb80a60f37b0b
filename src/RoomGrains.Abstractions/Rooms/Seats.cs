using System.Collections.Immutable;

namespace RoomGrains;

/// <summary>Asks a room for a seat. Asking again for the same connection returns the same seat.</summary>
/// <param name="Member">Who is to sit there.</param>
/// <param name="Approved">Whether a moderator has approved this connection: then a waiting room does not hold it.</param>
/// <param name="Replaces">
/// The member whose seat it takes over: the same client, asked by its node to reconnect. Both may sit there for the moment between the new
/// connection and the end of the old one, also in a full room, and the new one may take over the streams of the old. Null: nobody.
/// </param>
[GenerateSerializer, Immutable, Alias("RoomGrains.SeatRequest")]
public sealed record SeatRequest([property: Id(0)] Member Member, [property: Id(1)] bool Approved, [property: Id(2)] ConnectionId? Replaces = null);

/// <summary>What a room says to somebody who asks for a seat.</summary>
public enum SeatOutcome
{
    /// <summary>Take it.</summary>
    Seated = 1,
    /// <summary>A moderator must approve first; no seat is held meanwhile.</summary>
    NeedsApproval = 2,
}

/// <summary>A seat, or the need of an approval.</summary>
/// <param name="Outcome">Which of the two.</param>
/// <param name="Settings">The room's settings: the deadline of a waiting room counts from them.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.Seat")]
public sealed record Seat([property: Id(0)] SeatOutcome Outcome, [property: Id(1)] EffectiveRoomSettings Settings)
{
    /// <summary>Whether the room wants to be asked before its members play streams (<see cref="IRoomGrain.MayPlay"/>): its application's own code decides that.</summary>
    [Id(2)] public bool AsksPlays { get; init; }
}

/// <summary>
/// What a node tells a room, every few seconds and when something changes: who of its clients sits there, and what they publish.
/// It is the whole truth about this node: who is missing in it has left. A room that lost its memory with a silo is rebuilt from these.
/// </summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.NodePresence")]
public sealed record NodePresence
{
    /// <summary>The node.</summary>
    [Id(0)] public required string Node { get; init; }
    /// <summary>Counts the reports of this node; an older one that arrives late is ignored. It starts from the clock (UTC ticks), so that a node that was started anew is heard at once.</summary>
    [Id(1)] public required long Sequence { get; init; }
    /// <summary>Who sits in this room and is connected to this node.</summary>
    [Id(2)] public ImmutableArray<Member> Members { get; init; } = [];
    /// <summary>What they publish. <see cref="StreamInfo.Players"/> counts this node's players only.</summary>
    [Id(3)] public ImmutableArray<StreamInfo> Streams { get; init; } = [];
    /// <summary>How many of this node's members play each stream of the room, streams of other nodes included.</summary>
    [Id(4)] public ImmutableDictionary<string, int> Players { get; init; } = ImmutableDictionary<string, int>.Empty;
    /// <summary>Where the room reaches this node.</summary>
    [Id(5)] public INodeObserver? Observer { get; init; }
    /// <summary>The address of the node's silo (<c>ip:port@generation</c>, as <see cref="Orleans.Runtime.SiloAddress.ToParsableString"/> writes it): when the cluster has declared that silo dead, the room drops the node's members without waiting for their lease.</summary>
    [Id(6)] public string SiloAddress { get; init; } = "";
    /// <summary>Where other nodes pull the streams that this node publishes: host and port.</summary>
    [Id(7)] public string RelayAddress { get; init; } = "";
    /// <summary>The <see cref="RoomRoutes.Version"/> this node has; 0 when it has none. A room that lost its memory counts on from the highest that it hears of.</summary>
    [Id(8)] public long RoutesVersion { get; init; }
}

/// <summary>
/// What a node must know of a room: where each stream is published, and who is muted. A room answers every report with it, and sends it to every node with members in the room
/// when it changes: so all nodes agree within moments, and a lost message is made good by the next report.
/// </summary>
/// <param name="Room">The room.</param>
/// <param name="Version">Rises with every change: an older one that arrives late is ignored. 0, without streams: the room has nothing to say, because it does not know yet, or because nobody of this node is in it.</param>
/// <param name="Streams">A route for each stream, by name.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.RoomRoutes")]
public sealed record RoomRoutes([property: Id(0)] RoomKey Room, [property: Id(1)] long Version, [property: Id(2)] ImmutableArray<StreamRoute> Streams)
{
    /// <summary>Whose sound, picture or words the node of the member drops.</summary>
    [Id(3)] public ImmutableArray<MemberMute> Mutes { get; init; } = [];
}

/// <summary>A muted member.</summary>
/// <param name="Connection">Who.</param>
/// <param name="Media">What is dropped of it.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.MemberMute")]
public sealed record MemberMute([property: Id(0)] ConnectionId Connection, [property: Id(1)] MutedMedia Media);

/// <summary>Where a stream is published: its players' nodes pull it from there, once for each node.</summary>
/// <param name="Stream">The stream's name in its room.</param>
/// <param name="Epoch">The epoch of the publication. A node that has heard of a higher one ends what it has of a lower one.</param>
/// <param name="Origin">The node its publisher is connected to.</param>
/// <param name="Address">Where other nodes pull from that node: host and port; empty where the node has not said so yet.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.StreamRoute")]
public sealed record StreamRoute([property: Id(0)] string Stream, [property: Id(1)] long Epoch, [property: Id(2)] string Origin, [property: Id(3)] string Address);

/// <summary>Asks a room for the right to publish under a name.</summary>
/// <param name="Publisher">The member that wants to publish.</param>
/// <param name="Node">Its node: the origin of the stream.</param>
/// <param name="Stream">The name.</param>
/// <param name="Identity">Who publishes, as a token or key in the query of the stream's name has proved; null: the member itself, as it came in.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.StreamClaim")]
public sealed record StreamClaim(
    [property: Id(0)] ConnectionId Publisher, [property: Id(1)] string Node, [property: Id(2)] string Stream, [property: Id(3)] Identity? Identity = null);
