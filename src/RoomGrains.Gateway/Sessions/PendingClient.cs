using System.Collections.Immutable;
using System.Net;
using RoomGrains.Gateway.Connections;
using RoomGrains.Hosting;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Sessions;

/// <summary>A client between its <c>connect</c> and the answer: what it asked for, and what it has sent ahead.</summary>
internal sealed class PendingClient : IDisposable
{
    private readonly SessionServices _services;
    private readonly ConnectCommand _connect;
    private readonly Queue<RtmpMessage> _held = new();
    private int _heldBytes;
    private int _position;

    public PendingClient(ConnectionId id, ConnectCommand connect, IPEndPoint address, SessionServices services)
    {
        (_connect, _services) = (connect, services);
        Request = new AdmissionRequest
        {
            Connection = id,
            Application = connect.Application,
            Room = connect.Instance,
            Node = services.Node.Name,
            Address = address,
            Since = services.Time.GetUtcNow(),
            Client = PlainText.Of(connect.FlashVersion),
            TcUrl = PlainText.Of(connect.TcUrl),
            Parameters = connect.Parameters,
            Arguments = connect.TextArguments,
            FollowsRedirect = connect.Parameters.GetValueOrDefault("redirect") == "follow",
        };
    }

    /// <summary>Who asks, for what.</summary>
    public AdmissionRequest Request { get; }

    /// <summary>Whether the client has said that it acts upon a reconnect request.</summary>
    public bool Reconnects => _connect.Capabilities.HasFlag(ConnectCapabilities.Reconnect);

    /// <summary>Whether who connects is a media job of this cluster, by its ticket.</summary>
    public static bool IsService(ConnectCommand connect, SessionServices services) =>
        connect.Parameters.TryGetValue(TicketUrl.Parameter, out var text)
        && services.Tickets.Read(text, TicketPurpose.Guest, services.Time.GetUtcNow()) is { Service.Length: > 0 };

    /// <summary>Keeps a message for later, with a reference of its own; false when that would be too much.</summary>
    public bool TryHold(in RtmpMessage message)
    {
        if (_held.Count >= _services.Options.MaxPendingMessages || _heldBytes + message.Payload.Length > _services.Options.MaxPendingBytes)
            return false;
        message.Payload.AddReference();
        _held.Enqueue(message);
        _heldBytes += message.Payload.Length;
        return true;
    }

    /// <summary>
    /// Tells the client its place in the queue, when it is another one than before. FFmpeg, librtmp and GStreamer pass over a status with a code that they do not
    /// know while they wait for the answer to their connect; other clients show it.
    /// </summary>
    public void TellPosition(int position, Outbox output)
    {
        if (position == _position)
            return;
        _position = position;
        var words = position == 1 ? "A moderator decides whether you get in. You are next." : $"A moderator decides whether you get in. {position - 1} are before you.";
        output.Send(Replies.ConnectionStatus(StatusLevel.Status, StatusCodes.Connect.Pending, words), ConnectReply.FirstChunkSize);
    }

    /// <summary>Puts the verdict on the wire.</summary>
    public void Tell(Verdict verdict, Outbox output)
    {
        switch (verdict.Kind)
        {
            case VerdictKind.Accept:
                ConnectReply.Accept(_connect, Request.Connection, _services, output);
                break;
            case VerdictKind.Reject:
                if (verdict.Challenge is { } challenge)
                    ConnectReply.Ask(_connect, challenge, output);
                else
                    ConnectReply.Reject(_connect, StatusCodeOf(verdict.Code), verdict.Description, output);
                break;
            case VerdictKind.Redirect:
                ConnectReply.Redirect(_connect, verdict.RedirectUrl!, output);
                break;
        }
        output.Flush();
    }

    /// <summary>Tells a client that was never decided to ask elsewhere.</summary>
    public void TellRedirect(string url, Outbox output) => ConnectReply.Redirect(_connect, url, output);

    /// <summary>Tells a client that was never decided why its connection ends.</summary>
    public void TellEnd(SessionEnd end, Outbox output)
    {
        var code = end.Reason == EndReason.Shutdown ? StatusCodes.Connect.AppShutdown : StatusCodes.Connect.Failed;
        ConnectReply.Reject(_connect, code, end.Description, output);
    }

    /// <summary>The member that this client becomes.</summary>
    public Member ToMember(Verdict verdict) => new()
    {
        Id = Request.Connection,
        Node = Request.Node,
        Address = Request.Address.ToString(),
        Client = Request.Client,
        Since = verdict.DecidedAt,
        Service = verdict.Service,
        Identity = verdict.Identity,
    };

    /// <summary>Hands over what was held, in the order it came.</summary>
    public async ValueTask ReplayAsync(RoomMember member)
    {
        while (_held.TryDequeue(out var message))
        {
            try
            {
                await member.HandleAsync(message).ConfigureAwait(false);
            }
            finally
            {
                message.Release();
            }
        }
    }

    public void Dispose()
    {
        while (_held.TryDequeue(out var message))
            message.Release();
    }

    private static string StatusCodeOf(RefusalCode? code) => code switch
    {
        RefusalCode.UnknownApplication or RefusalCode.InvalidName => StatusCodes.Connect.InvalidApp,
        RefusalCode.Unavailable => StatusCodes.Connect.Failed,
        RefusalCode.RoomClosed => StatusCodes.Connect.AppShutdown,
        _ => StatusCodes.Connect.Rejected,
    };
}
