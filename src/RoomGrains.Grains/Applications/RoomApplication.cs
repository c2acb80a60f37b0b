using System.Collections.Immutable;
using RoomGrains.Grains.Pending;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Applications;

/// <summary>
/// Your own code for an application: what comes to its rooms, and what happens in them. Register it with <c>services.AddRoomApplication&lt;MyApplication&gt;("chat")</c>
/// in the silo's services; its constructor may ask for services. The methods are named as in Flash Media Server, Red5 and Wowza.
/// </summary>
/// <remarks>
/// <para>
/// Every room has an instance of its own while it is active, and every connection that asks to come in has one for <see cref="OnConnect"/>. The methods run in the
/// turn of that room's or connection's grain: between two awaits nothing else of it runs, so that fields need no locks. What a room's instance remembers goes with
/// the room's activation (its silo may die): what must stay belongs into a grain or a database.
/// </para>
/// <para>
/// An await here holds up nobody else: other members' calls go on meanwhile. <see cref="OnConnect"/> may take as long as the connection's deadline; the others
/// <see cref="Limit"/>. What throws is logged and counted; who waits for it is refused.
/// </para>
/// </remarks>
public abstract class RoomApplication
{
    /// <summary>How long a method of a room may take: below the patience of clients, and of Orleans for a call.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A client wants to come in. The default has nothing to say. <see cref="StepResult.Pending"/> decides later: keep the connection's id, and approve or reject it
    /// through <c>grains.GetPending(id)</c>, from wherever you are.
    /// </summary>
    /// <param name="connection">Who asks, for what. What it says of itself is a claim; <see cref="AdmissionContext.Identity"/> is proved.</param>
    /// <param name="cancellationToken">Cancelled when the connection has been decided otherwise, or its client left.</param>
    public virtual ValueTask<StepResult> OnConnect(AdmissionContext connection, CancellationToken cancellationToken) => new(StepResult.Continue);

    /// <summary>The room has come up: for the first time, or again on another silo.</summary>
    public virtual ValueTask OnRoomCreated(RoomContext room) => default;

    /// <summary>A member has got its seat. Where the room has come up again, it is called for those who are there.</summary>
    public virtual ValueTask OnJoin(RoomContext room, Member member) => default;

    /// <summary>A member has left, was put out, or its node is gone.</summary>
    public virtual ValueTask OnLeave(RoomContext room, Member member) => default;

    /// <summary>A member wants to publish. It may, by the room's own rules.</summary>
    /// <returns>Why not; null: it may.</returns>
    public virtual ValueTask<Refusal?> OnPublish(RoomContext room, Member member, string stream) => default;

    /// <summary>
    /// A member wants to watch a stream, be it published now or not. Without code here nobody is asked, and watching costs no call. What is played when a room's
    /// silo dies plays on; media jobs of this cluster are not asked about, nor is
    /// who watches by HLS what such jobs have made.
    /// </summary>
    /// <returns>Why not; null: it may.</returns>
    public virtual ValueTask<Refusal?> OnPlay(RoomContext room, Member member, string stream) => default;

    /// <summary>Whether <see cref="OnPlay"/> has anything to say: only then do gateways ask.</summary>
    internal virtual bool AsksPlays => GetType().GetMethod(nameof(OnPlay))!.DeclaringType != typeof(RoomApplication);

    /// <summary>A stream is published no more.</summary>
    public virtual ValueTask OnUnpublish(RoomContext room, StreamInfo stream) => default;

    /// <summary>A member calls a method that is none of the room's own: in ActionScript, <c>connection.call("method", responder, …)</c>.</summary>
    /// <returns>What the caller gets as its result; refused, it gets an error; null: there is no such method.</returns>
    public virtual ValueTask<Answer<AmfValue>?> OnCall(RoomContext room, Member member, string method, ImmutableArray<AmfValue> arguments) => default;
}
