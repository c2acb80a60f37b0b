using System.Collections.Immutable;
using Orleans.Concurrency;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains;

/// <summary>
/// A room; the key is a <see cref="RoomKey"/> as text. It has the say over seats, members, streams and settings. Its turns touch memory
/// only (and the database when settings change), so that no slow client or policy can hold up the others. Settings are durable; who is
/// here is rebuilt from the nodes' reports after a silo died.
/// </summary>
[Alias("RoomGrains.IRoomGrain")]
public interface IRoomGrain : ISharedObjectSource
{
    /// <summary>Takes a seat; idempotent by connection. Refused when the room is full or closed, or does not exist and may not be made on the fly, and for a connection that has left it.</summary>
    [Alias("TakeSeat")]
    Task<Answer<Seat>> TakeSeat(SeatRequest request);

    /// <summary>Frees a seat. Nothing happens where there is none.</summary>
    [Alias("ReleaseSeat")]
    Task ReleaseSeat(ConnectionId connection);

    /// <summary>Claims a stream's name. Refused while another member publishes under it and its bytes still come, and to who is no member. The same connection may claim its name anew.</summary>
    /// <returns>The epoch of the publication: higher than any before under this name.</returns>
    [Alias("ClaimStream")]
    Task<Answer<long>> ClaimStream(StreamClaim claim);

    /// <summary>
    /// Asks whether a member may play a stream, where the application's own code has a say (<see cref="Seat.AsksPlays"/>), or where it has proved to be somebody else
    /// than who came in. Gateways ask; to ask again is harmless.
    /// </summary>
    /// <param name="member">The member.</param>
    /// <param name="stream">The stream's name.</param>
    /// <param name="identity">Who plays, as a token or key in the query of the stream's name has proved; null: the member itself, as it came in.</param>
    [Alias("MayPlay")]
    Task<Answer> MayPlay(ConnectionId member, string stream, Identity? identity = null);

    /// <summary>Ends a publication. Nothing happens when the epoch is not the current one.</summary>
    [Alias("ReleaseStream")]
    Task ReleaseStream(string stream, long epoch);

    /// <summary>A node reports who of its clients is here, and what they publish.</summary>
    /// <returns>Where the room's streams are published.</returns>
    [Alias("Report")]
    Task<RoomRoutes> Report(NodePresence presence);

    /// <summary>Creates the room for good, with settings that survive restarts. Refused when it was created before.</summary>
    /// <param name="settings">Its settings.</param>
    /// <param name="by">Who does it, for the audit trail.</param>
    [Alias("Create")]
    Task<Answer<RoomDetails>> Create(RoomSettings settings, string by = "");

    /// <summary>Changes settings: what is null in <paramref name="changes"/> stays. A room that was made on the fly becomes permanent by it. Refused when there is no such room.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="by">Who does it, for the audit trail.</param>
    [Alias("Set")]
    Task<Answer<RoomDetails>> Set(RoomSettings changes, string by = "");

    /// <summary>Closes the room: its members are told and leave, its settings, bans, mutes and known guests are deleted; a room made on the fly just ends.</summary>
    /// <param name="reason">What the members are told.</param>
    /// <param name="by">Who does it, for the audit trail.</param>
    [Alias("Close")]
    Task<Answer> Close(string reason, string by = "");

    /// <summary>Ends a member's connection.</summary>
    /// <param name="connection">Whose.</param>
    /// <param name="reason">What the member is told.</param>
    /// <param name="by">Who does it, for the audit trail.</param>
    [Alias("Kick")]
    Task<Answer> Kick(ConnectionId connection, string reason, string by = "");

    /// <summary>
    /// Keeps a user or a range of addresses out, from now on and durably, and puts out who is here of them. Refused when there is no such room, and where the ban
    /// does not say whom.
    /// </summary>
    /// <param name="ban">Whom, why, until when, and who says so; <see cref="RoomGrains.Ban.At"/> is the room's to say.</param>
    /// <returns>The ban as it is kept.</returns>
    [Alias("Ban")]
    Task<Answer<Ban>> Ban(Ban ban);

    /// <summary>Lifts a ban. Refused when there is none of this subject.</summary>
    /// <param name="subject">The user or the addresses, as in <see cref="RoomGrains.Ban.Subject"/>.</param>
    /// <param name="by">Who does it, for the audit trail.</param>
    [Alias("Unban")]
    Task<Answer> Unban(string subject, string by = "");

    /// <summary>Spares the others what a member sends. It holds for the user, where it is known who that is, also when he comes back.</summary>
    /// <param name="connection">Whose.</param>
    /// <param name="media">What of it; it replaces what was muted before.</param>
    /// <param name="duration">For how long; null: until somebody unmutes it.</param>
    /// <param name="by">Who does it, for the audit trail.</param>
    /// <returns>The mute as it is kept.</returns>
    [Alias("Mute")]
    Task<Answer<Mute>> Mute(ConnectionId connection, MutedMedia media, TimeSpan? duration = null, string by = "");

    /// <summary>Ends a mute. Refused when there is none of this subject.</summary>
    /// <param name="subject">The user or the connection, as in <see cref="RoomGrains.Mute.Subject"/>.</param>
    /// <param name="by">Who does it, for the audit trail.</param>
    [Alias("Unmute")]
    Task<Answer> Unmute(string subject, string by = "");

    /// <summary>Lets a user pass the waiting room from now on, durably.</summary>
    /// <param name="user">As in <see cref="Identity.User"/>.</param>
    /// <param name="by">Who does it, for the audit trail.</param>
    [Alias("Remember")]
    Task<Answer> Remember(string user, string by = "");

    /// <summary>Lets a user wait again as everybody does. Refused when it was not remembered.</summary>
    /// <param name="user">As in <see cref="Identity.User"/>.</param>
    /// <param name="by">Who does it, for the audit trail.</param>
    [Alias("Forget")]
    Task<Answer> Forget(string user, string by = "");

    /// <summary>Who is banned, muted and let pass. What has run out is not in it.</summary>
    [Alias("DescribeModeration")]
    Task<Answer<RoomModeration>> DescribeModeration();

    /// <summary>
    /// Tells the observer of every change from here on, until <see cref="Unwatch"/>, or a minute after the last call: watch again before that,
    /// with the same observer. What was missed while the room moved to another silo is in the answer.
    /// </summary>
    /// <returns>The room as it is now. Refused as <see cref="Describe"/> is, and when too many watch.</returns>
    [Alias("Watch")]
    Task<Answer<RoomDetails>> Watch(IRoomObserver observer);

    /// <summary>Ends a watch. Nothing happens where there is none.</summary>
    [Alias("Unwatch")]
    Task Unwatch(IRoomObserver observer);

    /// <summary>The room as it is now. Refused when there is no such room: nobody created it and nobody is in it.</summary>
    [Alias("Describe")]
    Task<Answer<RoomDetails>> Describe();

    /// <summary>The room's shared objects: those that are persistent, and those that somebody uses. What the server keeps (<see cref="SharedObjectNames"/>) is not in it.</summary>
    [Alias("ListObjects")]
    Task<Answer<ImmutableArray<SharedObjectInfo>>> ListObjects();

    /// <summary>
    /// Says something in the room's chat in the server's name: everybody hears it, and it is in the history. Refused when there is no such room, and as a member's
    /// line would be.
    /// </summary>
    /// <param name="text">What.</param>
    /// <param name="name">Who says so, as people are shown it; empty: the server.</param>
    /// <returns>The line's number.</returns>
    [Alias("Say")]
    Task<Answer<long>> Say(string text, string name = "");

    /// <summary>
    /// A member calls a method: one of the room's own (<c>room.say</c>, <c>room.history</c>, <c>room.list</c>, <c>room.kick</c>, <c>room.pending</c>,
    /// <c>room.approve</c>, <c>room.reject</c>), or one of the application's.
    /// </summary>
    /// <param name="member">Who calls.</param>
    /// <param name="method">The method.</param>
    /// <param name="arguments">What it was called with.</param>
    /// <returns>The result, or why not: <see cref="RefusalCode.UnknownMethod"/> when there is none of this name.</returns>
    [Alias("Call")]
    Task<Answer<AmfValue>> Call(ConnectionId member, string method, ImmutableArray<AmfValue> arguments);

    /// <summary>Calls a method of a member's client, and returns what it answered.</summary>
    /// <param name="member">Whose client.</param>
    /// <param name="method">The method, as <see cref="ClientCall.IsAllowed"/> allows it.</param>
    /// <param name="arguments">What to call it with.</param>
    /// <returns>The client's result; refused when it is no member, answers that the call failed, or not within 10 s. Encoders and media players never answer.</returns>
    [Alias("CallClient")]
    Task<Answer<AmfValue>> CallClient(ConnectionId member, string method, ImmutableArray<AmfValue> arguments);

    /// <summary>Calls a method of every member's client, media jobs not counted; no answer is expected.</summary>
    /// <param name="method">The method, as <see cref="ClientCall.IsAllowed"/> allows it.</param>
    /// <param name="arguments">What to call it with.</param>
    [Alias("Broadcast")]
    Task<Answer> Broadcast(string method, ImmutableArray<AmfValue> arguments);

    /// <summary>A client has answered a call (<see cref="INodeObserver.Call"/>). Nobody but nodes calls this.</summary>
    [Alias("AnswerCall"), OneWay]
    Task AnswerCall(ConnectionId member, long number, Answer<AmfValue> answer);
}
