using RoomGrains.Gateway.Connections;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Sessions;

/// <summary>The answers to <c>connect</c>, with what belongs around them.</summary>
internal static class ConnectReply
{
    /// <summary>Before Set Chunk Size has been sent, our chunks have the protocol's first size.</summary>
    public const int FirstChunkSize = ChunkReader.DefaultChunkSize;

    public static void Accept(ConnectCommand connect, ConnectionId id, SessionServices services, Outbox output)
    {
        var window = (uint)services.Options.WindowAckSize;
        output.EnqueueOwned(ControlMessages.WindowAckSize(window));
        output.EnqueueOwned(ControlMessages.SetPeerBandwidth(window, PeerBandwidthLimit.Dynamic));
        output.EnqueueOwned(ControlMessages.StreamBegin(0));
        output.EnqueueOwned(ControlMessages.SetChunkSize(services.ChunkSize));
        output.Send(Replies.ConnectSuccess(connect, id.Value), services.ChunkSize);
        output.Send(Replies.OnBandwidthDone(), services.ChunkSize);
    }

    public static void Reject(ConnectCommand connect, string code, string description, Outbox output)
    {
        output.Send(Replies.ConnectError(connect, code, description), FirstChunkSize);
        output.Send(Replies.Close(), FirstChunkSize);
    }

    /// <summary>Refuses in words that make the client connect again, with its user and password.</summary>
    public static void Ask(ConnectCommand connect, string challenge, Outbox output)
    {
        output.Send(Replies.ConnectAuthenticate(connect, challenge), FirstChunkSize);
        output.Send(Replies.Close(), FirstChunkSize);
    }

    public static void Redirect(ConnectCommand connect, string url, Outbox output)
    {
        output.Send(Replies.ConnectRedirect(connect, url), FirstChunkSize);
        output.Send(Replies.Close(), FirstChunkSize);
    }
}
