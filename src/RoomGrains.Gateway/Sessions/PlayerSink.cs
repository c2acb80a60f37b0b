using RoomGrains.Gateway.Connections;
using RoomGrains.Media;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Sessions;

/// <summary>One NetStream that plays: the hub's messages go to the client's outbox under the NetStream's id.</summary>
internal sealed class PlayerSink(Outbox output, uint streamId, string name, int chunkSize, Action<SessionEnd> end) : IPlayerSink
{
    public Backlog Backlog => output.Backlog;

    public void Enqueue(OutgoingMessage message) => output.Enqueue(message, streamId);

    public void Flush() => output.Flush();

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
