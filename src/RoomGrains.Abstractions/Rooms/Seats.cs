using System.Collections.Immutable;

namespace RoomGrains;

/// <summary>Asks a room for a seat. Asking again for the same connection returns the same seat.</summary>
/// <param name="Member">Who is to sit there.</param>
/// <param name="Approved">Whether a moderator has approved this connection: then a waiting room does not hold it.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.SeatRequest")]
public sealed record SeatRequest([property: Id(0)] Member Member, [property: Id(1)] bool Approved);

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
public sealed record Seat([property: Id(0)] SeatOutcome Outcome, [property: Id(1)] EffectiveRoomSettings Settings);

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
}

/// <summary>Asks a room for the right to publish under a name.</summary>
/// <param name="Publisher">The member that wants to publish.</param>
/// <param name="Node">Its node: the origin of the stream.</param>
/// <param name="Stream">The name.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.StreamClaim")]
public sealed record StreamClaim([property: Id(0)] ConnectionId Publisher, [property: Id(1)] string Node, [property: Id(2)] string Stream);
