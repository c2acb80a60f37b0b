using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Draining;
using RoomGrains.Media;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Sessions;

/// <summary>One NetStream that plays: the hub's messages go to the client's outbox under the NetStream's id.</summary>
internal sealed class PlayerSink(Outbox output, uint streamId, string name, int chunkSize, Action<SessionEnd> end) : IPlayerSink
{
    private volatile KeyFrameExit? _exit;

    public Backlog Backlog => output.Backlog;

    /// <summary>Where the playing is to end; null: it goes on.</summary>
    public KeyFrameExit? Exit
    {
        get => _exit;
        set => _exit = value;
    }

    public bool TrySend(MessageBatch batch) => _exit is null && output.TrySend(batch, streamId);

    public void Enqueue(OutgoingMessage message)
    {
        // The body has chunk headers in it, behind what tells a key frame.
        if (_exit?.Holds(message.Type, message.Body) != true)
            output.Enqueue(message, streamId);
    }

    public void Enqueue(MessageBatch batch)
    {
        if (_exit is null)
        {
            output.Enqueue(batch, streamId);
            return;
        }
        foreach (var message in batch.Messages)
            Enqueue(message);
    }

    public void Flush() => output.FlushMedia();

    public void Notify(PlayerNotice notice)
    {
        switch (notice.Kind)
        {
            case PlayerNoticeKind.PublishStarted:
                output.EnqueueOwned(ControlMessages.StreamBegin(streamId));
                output.Send(StreamReplies.PublishNotify(name), chunkSize, streamId);
                break;
            case PlayerNoticeKind.PublishEnded:
                output.Send(StreamReplies.UnpublishNotify(name), chunkSize, streamId);
                output.EnqueueOwned(ControlMessages.StreamEof(streamId));
                break;
            case PlayerNoticeKind.TooSlow:
                end(new SessionEnd(EndReason.TooSlow, notice.Reason));
                break;
            case PlayerNoticeKind.Superseded:
                end(SessionEnd.Superseded(name));
                break;
        }
    }
}
