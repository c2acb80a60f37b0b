using Orleans.Concurrency;

namespace RoomGrains;

/// <summary>
/// One client whose <c>connect</c> has no answer yet; the key is its <see cref="ConnectionId"/>. It runs the admission policy, waits
/// for whoever must decide, and gives the one verdict that this connection will ever get. All that is slow in an admission (policies,
/// hooks, humans) is awaited here, where it holds up nobody else.
/// </summary>
[Alias("RoomGrains.IPendingConnectionGrain")]
public interface IPendingConnectionGrain : IGrainWithStringKey
{
    /// <summary>
    /// Waits for the verdict, but no longer than <paramref name="slice"/>. Call it again with the same request until there is a verdict:
    /// the call is idempotent, so that a silo that dies costs a slice and not the client. Whoever stops asking for some seconds is taken
    /// for dead, and the connection for abandoned; asking for an abandoned connection is answered by a rejection (<see cref="RefusalCode.Gone"/>).
    /// </summary>
    /// <param name="request">Who asks, for what. Later calls repeat it, with the longer <see cref="AdmissionRequest.Waited"/>; only the first one of an activation counts.</param>
    /// <param name="slice">How long to hold this call; below Orleans' response timeout, and never longer than 25 s.</param>
    [Alias("Admit")]
    Task<AdmissionAnswer> Admit(AdmissionRequest request, TimeSpan slice);

    /// <summary>
    /// Lets the connection into the room it asked for; what is left of the policy is passed over. Returns when the gateway has confirmed
    /// that the client was told, or has not for some seconds (the trail says so). Refused for want of a seat, it is pending as before.
    /// </summary>
    /// <param name="by">Who decides, for the trail.</param>
    /// <param name="remember">Whether the room's waiting room lets this user pass from now on, see <see cref="IRoomGrain.Remember"/>. Refused for somebody whom nobody knows.</param>
    /// <returns>The verdict as delivered; refused when it was decided before, the client has gone, or the room has no free seat.</returns>
    [Alias("Approve")]
    Task<Answer<Verdict>> Approve(string by, bool remember = false);

    /// <summary>Tells the connection no. Returns as <see cref="Approve"/> does.</summary>
    /// <param name="by">Who decides, for the trail.</param>
    /// <param name="reason">What the client is told.</param>
    [Alias("Reject")]
    Task<Answer<Verdict>> Reject(string by, string reason);

    /// <summary>Tells the connection to go elsewhere. Returns as <see cref="Approve"/> does.</summary>
    /// <param name="by">Who decides, for the trail.</param>
    /// <param name="url">An rtmp or rtmps URL up to the room, for example <c>rtmp://two.example/chat/lobby</c>.</param>
    [Alias("Redirect")]
    Task<Answer<Verdict>> Redirect(string by, string url);

    /// <summary>The gateway says that the verdict has been put on the wire (true) or that the client had gone by then (false): then its seat is freed.</summary>
    [Alias("Confirm"), OneWay]
    Task Confirm(bool delivered);

    /// <summary>The gateway says that the client left before it was decided, or before it could be told. The seat it may have is freed.</summary>
    [Alias("Abandon")]
    Task Abandon();

    /// <summary>Who waits, for what, and what happened so far. Refused when nothing is known of this connection.</summary>
    [Alias("Describe")]
    Task<Answer<PendingDetails>> Describe();
}
