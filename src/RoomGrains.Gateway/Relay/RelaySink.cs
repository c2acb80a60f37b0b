using RoomGrains.Gateway.Connections;
using RoomGrains.Media;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Relay;

/// <summary>
/// One NetStream on which another node pulls a stream. The connection carries many: how slow it is, each is measured by its own bytes, so that
/// the cached pictures with which one begins cost no other a frame; by the age of what waits, they are all slow or none is.
/// </summary>
internal sealed class RelaySink(Outbox output, uint streamId, string name, int chunkSize, Action<string> tooSlow) : IPlayerSink
{
    private readonly StreamShare _share = new();

    public Backlog Backlog => output.BacklogOf(_share);

    /// <summary>The one way in is the queue: frames for another node leave with those of other streams.</summary>
    public bool TrySend(MessageBatch batch) => false;

    public void Enqueue(OutgoingMessage message) => output.Enqueue(message, streamId, _share);

    /// <summary>Not as one piece: the cache would keep a copy of it for each stream id, and no two nodes have the same.</summary>
    public void Enqueue(MessageBatch batch)
    {
        foreach (var message in batch.Messages)
            Enqueue(message);
    }

    public void Flush() => output.FlushMedia();

    public void Notify(PlayerNotice notice)
    {
        switch (notice.Kind)
        {
            case PlayerNoticeKind.PublishEnded:
                Tell(StreamReplies.UnpublishNotify(name));
                break;
            case PlayerNoticeKind.Superseded:
                Tell(StreamReplies.PlayFailed(name, $"Another publisher has taken over {name}."));
                break;
            case PlayerNoticeKind.TooSlow when notice.StandsStill:
                tooSlow(notice.Reason);
                break;
            case PlayerNoticeKind.TooSlow:
                // Its pictures are too many for the way: it begins anew, and the streams beside it go on.
                Tell(StreamReplies.PlayFailed(name, notice.Reason));
                break;
        }
    }

    /// <summary>The last word on the stream. It is one for each stream that is played and no answer: were it counted as such, a node that loses its clients would flood its neighbours.</summary>
    private void Tell(CommandMessage command)
    {
        var message = command.ToOutgoing(chunkSize);
        Enqueue(message);
        message.Release();
    }
}
