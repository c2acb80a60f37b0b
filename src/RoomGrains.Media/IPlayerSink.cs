using RoomGrains.Rtmp.Chunks;

namespace RoomGrains.Media;

/// <summary>
/// Where a player's messages go: an RTMP session's queue; a recorder in tests. The hub calls it under a short lock of the subscription,
/// one call at a time for each subscription, in the order that the player shall see. <see cref="Flush"/> alone is called outside of locks
/// and from any thread.
/// </summary>
public interface IPlayerSink
{
    /// <summary>
    /// Sends messages at once if nothing waits before them: a player that keeps up costs one write and no queue. False where something waits;
    /// then nothing has happened, and the messages are to be queued one by one. It does not wait; what the kernel does not take is kept.
    /// </summary>
    /// <param name="batch">The same for all players of the stream; valid during the call only.</param>
    bool TrySend(MessageBatch batch);

    /// <summary>Queues a message; the sink takes a reference of its own. No input or output, no waiting, no call into the hub.</summary>
    void Enqueue(OutgoingMessage message);

    /// <summary>Queues messages as one piece; the sink takes a reference to their bytes. As <see cref="Enqueue(OutgoingMessage)"/> otherwise.</summary>
    void Enqueue(MessageBatch batch);

    /// <summary>Starts sending what is queued; it does not wait for the end. It may find nothing queued.</summary>
    void Flush();

    /// <summary>What waits to be sent.</summary>
    Backlog Backlog { get; }

    /// <summary>Tells the player something, in order with its messages. No input or output, no waiting.</summary>
    void Notify(PlayerNotice notice);
}

/// <summary>What waits for a player.</summary>
/// <param name="Bytes">Bytes that the kernel has not taken yet.</param>
/// <param name="Age">How long the oldest of them has waited; zero when nothing waits.</param>
public readonly record struct Backlog(long Bytes, TimeSpan Age)
{
    /// <summary>
    /// For how long the kernel has taken nothing, of a connection that carries the streams of a whole node: it is given up where it stands still, and not
    /// because it is late. What is late is left out, stream by stream. Null: the age decides.
    /// </summary>
    public TimeSpan? Standstill { get; init; }
}

/// <summary>What a player is told beside its messages.</summary>
public enum PlayerNoticeKind
{
    /// <summary>A publisher has appeared where there was none: <c>NetStream.Play.PublishNotify</c>.</summary>
    PublishStarted = 1,
    /// <summary>The publisher is gone, its grace period too: <c>NetStream.Play.UnpublishNotify</c> and StreamEOF. The player stays and waits for the next.</summary>
    PublishEnded = 2,
    /// <summary>The player is too slow and gets nothing more from this subscription: its connection is to be closed.</summary>
    TooSlow = 3,
    /// <summary>Only a relay is told: a newer publication has taken over, perhaps on another node. What it plays is over, its players' stream is not.</summary>
    Superseded = 4,
}

/// <summary>What a player is told beside its messages.</summary>
/// <param name="Kind">What.</param>
/// <param name="Reason">For people and logs, with figures; empty where the kind says it all.</param>
/// <param name="StandsStill">Of who is too slow: nothing has been taken for too long. Else too much waits, which one of several streams of a connection may do by itself.</param>
public readonly record struct PlayerNotice(PlayerNoticeKind Kind, string Reason = "", bool StandsStill = false);
