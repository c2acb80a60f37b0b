using System.Collections.Immutable;

namespace RoomGrains;

/// <summary>One line of the list of rooms.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.RoomSummary")]
public sealed record RoomSummary
{
    /// <summary>The room.</summary>
    [Id(0)] public required RoomKey Room { get; init; }
    /// <summary>Taken seats.</summary>
    [Id(1)] public int Members { get; init; }
    /// <summary>Seats.</summary>
    [Id(2)] public int Capacity { get; init; }
    /// <summary>Streams that are being published.</summary>
    [Id(3)] public int Streams { get; init; }
    /// <summary>Whether newcomers wait for approval.</summary>
    [Id(4)] public bool WaitingRoom { get; init; }
    /// <summary>Whether the room was closed: nobody gets in.</summary>
    [Id(5)] public bool Closed { get; init; }
    /// <summary>Whether somebody created it (true), or it came to be when a client asked for it and goes when it is empty.</summary>
    [Id(6)] public bool Permanent { get; init; }
    /// <summary>Its title, if it has one.</summary>
    [Id(7)] public string Title { get; init; } = "";
}

/// <summary>A member: an admitted connection in its seat.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.Member")]
public sealed record Member
{
    /// <summary>The connection.</summary>
    [Id(0)] public required ConnectionId Id { get; init; }
    /// <summary>The node it is connected to.</summary>
    [Id(1)] public required string Node { get; init; }
    /// <summary>The address it comes from.</summary>
    [Id(2)] public string Address { get; init; } = "";
    /// <summary>The client's name for itself.</summary>
    [Id(3)] public string Client { get; init; } = "";
    /// <summary>When it got its seat (UTC).</summary>
    [Id(4)] public DateTimeOffset Since { get; init; }
    /// <summary>Names of the streams it plays.</summary>
    [Id(5)] public ImmutableArray<string> Plays { get; init; } = [];
    /// <summary>What it does for the room where it is no person but a media job, for example <c>record</c>: it takes no seat and does not count. Empty: an ordinary member.</summary>
    [Id(6)] public string Service { get; init; } = "";
    /// <summary>Who it is, as it proved when it came.</summary>
    [Id(7)] public Identity Identity { get; init; } = Identity.Anonymous(MemberRole.Member);
    /// <summary>What the others are spared of it. Only the room knows it: nodes do not report it.</summary>
    [Id(8)] public MutedMedia Muted { get; init; }
}

/// <summary>A stream as its origin reports it.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.StreamInfo")]
public sealed record StreamInfo
{
    /// <summary>The stream's name in its room.</summary>
    [Id(0)] public required string Name { get; init; }
    /// <summary>The member that publishes it.</summary>
    [Id(1)] public required ConnectionId Publisher { get; init; }
    /// <summary>The node its publisher is connected to: its origin.</summary>
    [Id(2)] public required string Origin { get; init; }
    /// <summary>Counts the publishers this name has had in this room: a claim with a lower epoch is stale.</summary>
    [Id(3)] public long Epoch { get; init; }
    /// <summary>When this publisher began (UTC).</summary>
    [Id(4)] public DateTimeOffset Since { get; init; }
    /// <summary>The video codec, for example <c>H.264</c>; empty when there is none.</summary>
    [Id(5)] public string VideoCodec { get; init; } = "";
    /// <summary>The audio codec, for example <c>AAC</c>; empty when there is none.</summary>
    [Id(6)] public string AudioCodec { get; init; } = "";
    /// <summary>Width in pixels, where the metadata says it.</summary>
    [Id(7)] public int Width { get; init; }
    /// <summary>Height in pixels, where the metadata says it.</summary>
    [Id(8)] public int Height { get; init; }
    /// <summary>Frames a second over the last report.</summary>
    [Id(9)] public double FrameRate { get; init; }
    /// <summary>Bits a second over the last report.</summary>
    [Id(10)] public long BitsPerSecond { get; init; }
    /// <summary>Players of this stream on all nodes.</summary>
    [Id(11)] public int Players { get; init; }
    /// <summary>How long nothing has come from the publisher; zero while bytes flow.</summary>
    [Id(12)] public TimeSpan Silence { get; init; }
    /// <summary>Who publishes it (<see cref="Identity.User"/>): the name is this user's for as long as it does. Empty: nobody knows.</summary>
    [Id(13)] public string User { get; init; } = "";
    /// <summary>The id of the stream key that it is published with (<see cref="Identity.StreamKey"/>); empty: none.</summary>
    [Id(14)] public string StreamKey { get; init; } = "";
}

/// <summary>Everything known of a room.</summary>
/// <param name="Summary">The room's line.</param>
/// <param name="Settings">The settings in force.</param>
/// <param name="Members">Who is in it.</param>
/// <param name="Streams">What is published in it.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.RoomDetails")]
public sealed record RoomDetails(
    [property: Id(0)] RoomSummary Summary, [property: Id(1)] EffectiveRoomSettings Settings,
    [property: Id(2)] ImmutableArray<Member> Members, [property: Id(3)] ImmutableArray<StreamInfo> Streams)
{
    /// <summary>Who waits for an approval, the longest first. They sit nowhere yet.</summary>
    [Id(4)] public ImmutableArray<PendingSummary> Waiting { get; init; } = [];
}
