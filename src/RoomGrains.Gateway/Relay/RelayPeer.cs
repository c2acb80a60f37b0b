using Microsoft.Extensions.Logging;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Sessions;
using RoomGrains.Hosting;
using RoomGrains.Media;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Relay;

/// <summary>
/// Another node that pulls a stream from this one, its origin. It has a ticket instead of a seat, and may play the one publication that the
/// ticket names, and nothing else.
/// </summary>
internal sealed partial class RelayPeer(Ticket ticket, Outbox output, SessionServices services, Action<SessionEnd> end) : ISessionRole
{
    /// <summary>The parameter of <c>connect</c> that holds the ticket.</summary>
    public const string TicketParameter = "relay";

    /// <summary>The one NetStream that it may have.</summary>
    private const uint StreamId = 1;

    private Subscription? _subscription;

    /// <summary>The node.</summary>
    public string Node => ticket.Node;

    private StreamKey Stream => new(ticket.Room, ticket.Stream);

    /// <summary>Whether this node gives the stream to the bearer of this ticket.</summary>
    public static Answer<Ticket> Check(ConnectCommand connect, string text, SessionServices services)
    {
        if (services.Tickets.Read(text, TicketPurpose.Relay, services.Time.GetUtcNow()) is not { } ticket)
            return Refused(services, "ticket", "The relay's ticket has expired, or was not made by a node of this cluster. The nodes' clocks and secrets must agree.");
        if (ticket.Node == services.Node.Name)
            return Refused(services, "loop", $"{ticket.Node} would pull the stream from itself.");
        if (connect.Application != ticket.Room.Application || connect.Instance != ticket.Room.Room)
            return Refused(services, "room", $"The relay's ticket is for {ticket.Room}.");
        var stream = new StreamKey(ticket.Room, ticket.Stream);
        var epoch = services.Presence.FindStream(stream)?.Epoch;
        if (epoch == ticket.Epoch)
            return ticket;
        if (epoch is null && services.Relays.Pulls(stream))
            return Refused(services, "loop", $"{services.Node.Name} is not the origin of {stream}: it pulls the stream itself.");
        return Refused(services, "epoch", $"{services.Node.Name} has no publication of {stream} with the epoch {ticket.Epoch}{(epoch is null ? "" : $", but {epoch}")}.");
    }

    public ValueTask HandleAsync(RtmpMessage message)
    {
        if (CommandMessage.IsCommand(message.Type))
            Command(CommandMessage.Parse(message));
        else
            Refuse("command", $"A relay sends no {message.Type}.");
        return ValueTask.CompletedTask;
    }

    /// <summary>It finds out by the end of the connection, and what it does then depends on its room and on nothing that we could say.</summary>
    public void TellEnd(SessionEnd end)
    {
    }

    public void Leave(SessionEnd end) => _subscription?.Dispose();

    private void Command(CommandMessage command)
    {
        switch (command.Name)
        {
            case CommandNames.CreateStream:
                Send(Replies.CreateStreamResult(command, StreamId));
                break;
            case CommandNames.Play when _subscription is null:
                Play(PlayCommand.From(command));
                break;
            case CommandNames.CheckBandwidth:
                Send(Replies.CallResult(command));
                break;
            case CommandNames.DeleteStream or CommandNames.CloseStream or CommandNames.Close:
                end(new SessionEnd(EndReason.ClientLeft, "The relay has ended."));
                break;
            default:
                Refuse("command", $"A relay plays one stream: '{PlainText.Of(command.Name)}' is not for it.");
                break;
        }
    }

    private void Play(PlayCommand play)
    {
        var name = play.Stream.Name;
        if (name != ticket.Stream)
        {
            Refuse("stream", $"The relay's ticket is for {Stream}.");
            return;
        }
        output.EnqueueOwned(ControlMessages.StreamBegin(StreamId));
        var sink = new PlayerSink(output, StreamId, name, services.ChunkSize, end);
        // The answer stands before the frames. Where the publication has just ended there are none, and the connection ends.
        Send(StreamReplies.PlayStart(name), StreamId);
        _subscription = services.Hub.PlayToNode(Stream.ToString(), ticket.Epoch, sink, fromGop: play.Mode != PlayMode.LiveOnly);
        if (_subscription is null)
            Refuse("epoch", $"{Stream} has just ended here, or was taken over.");
    }

    private void Refuse(string reason, string description)
    {
        services.Metrics.RelayRefused(reason);
        Send(StreamReplies.PlayFailed(ticket.Stream, description), StreamId);
        end(new SessionEnd(EndReason.RelayRefused, $"{ticket.Node}: {description}"));
    }

    private void Send(CommandMessage command, uint streamId = 0) => output.Send(command, services.ChunkSize, streamId);

    private static Refusal Refused(SessionServices services, string reason, string description)
    {
        services.Metrics.RelayRefused(reason);
        return new Refusal(RefusalCode.Denied, description);
    }
}
