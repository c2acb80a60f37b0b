using Microsoft.Extensions.Logging;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Sessions;
using RoomGrains.Hosting;
using RoomGrains.Media;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Relay;

/// <summary>
/// Another node that pulls streams from this one, their origin. A ticket instead of a seat lets it in, and each stream needs another, for the one
/// publication that it names. What is not given is refused on its NetStream, and the others play on; what no node asks for ends the connection.
/// </summary>
internal sealed partial class RelayPeer(string node, Outbox output, SessionServices services, Action<SessionEnd> end) : ISessionRole
{
    /// <summary>The parameter that holds a ticket: of <c>connect</c>, and of each <c>play</c>.</summary>
    public const string TicketParameter = "relay";

    /// <summary>The NetStreams that it has, with what it plays on them.</summary>
    private readonly Dictionary<uint, Subscription?> _streams = [];
    private uint _lastStream;
    private int _isTooSlow;

    /// <summary>Whether this node lets the bearer of this ticket in.</summary>
    public static Answer<Ticket> Check(string text, SessionServices services)
    {
        if (services.Tickets.Read(text, TicketPurpose.Link, services.Time.GetUtcNow()) is not { } ticket)
            return Refused(services, "ticket", "The node's ticket has expired, or was not made by a node of this cluster and version. The nodes' clocks and secrets must agree.");
        if (ticket.Node == services.Node.Name)
            return Refused(services, "loop", $"{ticket.Node} would pull streams from itself.");
        return ticket;
    }

    public ValueTask HandleAsync(RtmpMessage message)
    {
        if (CommandMessage.IsCommand(message.Type))
            Command(CommandMessage.Parse(message), message.StreamId);
        else
            End($"A node that pulls streams sends no {message.Type}.");
        return ValueTask.CompletedTask;
    }

    /// <summary>It finds out by the end of the connection, and what it does then depends on its rooms and on nothing that we could say.</summary>
    public void TellEnd(SessionEnd end)
    {
    }

    public void Leave(SessionEnd end)
    {
        if (end.Reason == EndReason.TooSlow)
            Log.TooSlow(services.Logger, node, _streams.Count, end.Description);
        foreach (var subscription in _streams.Values)
            subscription?.Dispose();
        _streams.Clear();
    }

    private void Command(CommandMessage command, uint streamId)
    {
        switch (command.Name)
        {
            case CommandNames.CreateStream:
                CreateStream(command);
                break;
            case CommandNames.Play when _streams.TryGetValue(streamId, out var playing) && playing is null:
                Play(PlayCommand.From(command), streamId);
                break;
            case CommandNames.DeleteStream:
                if (DeleteStreamCommand.From(command).StreamId is { } deleted && _streams.Remove(deleted, out var subscription))
                    subscription?.Dispose();
                Pace();
                break;
            case CommandNames.CheckBandwidth:
                Send(Replies.CallResult(command));
                break;
            case CommandNames.Close:
                end(new SessionEnd(EndReason.ClientLeft, "The node needs no stream any more."));
                break;
            default:
                End($"A node that pulls streams does not say '{PlainText.Of(command.Name)}' on stream {streamId}.");
                break;
        }
    }

    private void CreateStream(CommandMessage command)
    {
        if (_streams.Count >= services.Options.MaxStreamsPerRelay)
        {
            services.Metrics.RelayRefused("limit");
            Send(Replies.CallFailed(command, $"{node} pulls {_streams.Count} streams from {services.Node.Name}, and may pull no more (MaxStreamsPerRelay)."));
            return;
        }
        _streams.Add(++_lastStream, null);
        Send(Replies.CreateStreamResult(command, _lastStream));
    }

    private void Play(PlayCommand play, uint streamId)
    {
        var name = play.Stream.Name;
        var ticket = Check(play.Stream);
        if (!ticket.IsDone)
        {
            Send(StreamReplies.PlayFailed(name, ticket.Refusal.Message), streamId);
            return;
        }
        // The answer stands before the frames. Where the publication has just ended there are none.
        Send(StreamReplies.PlayStart(name), streamId);
        var stream = new StreamKey(ticket.Value.Room, name);
        var sink = new RelaySink(output, streamId, name, services.ChunkSize, EndTooSlow);
        _streams[streamId] = services.Hub.PlayToNode(stream.ToString(), ticket.Value.Epoch, sink, fromGop: play.Mode != PlayMode.LiveOnly);
        if (_streams[streamId] is null)
            Send(StreamReplies.PlayFailed(name, Refused(services, "epoch", $"{stream} has just ended here, or was taken over.").Refusal!.Message), streamId);
        else
            Log.Pulls(services.Logger, node, stream, ticket.Value.Epoch);
        Pace();
    }

    /// <summary>Whether this node gives the stream to the bearer of this ticket.</summary>
    private Answer<Ticket> Check(StreamName wanted)
    {
        if (services.Tickets.Read(wanted.Parameters.GetValueOrDefault(TicketParameter), TicketPurpose.Relay, services.Time.GetUtcNow()) is not { } ticket)
            return Refused(services, "ticket", "The stream's ticket has expired, or was not made by a node of this cluster. The nodes' clocks and secrets must agree.");
        if (ticket.Node != node)
            return Refused(services, "ticket", $"The stream's ticket is {ticket.Node}'s, and this connection {node}'s.");
        var stream = new StreamKey(ticket.Room, ticket.Stream);
        if (wanted.Name != ticket.Stream)
            return Refused(services, "stream", $"The stream's ticket is for {stream}.");
        var epoch = services.Presence.FindStream(stream)?.Epoch;
        if (epoch == ticket.Epoch)
            return ticket;
        if (epoch is null && services.Relays.Pulls(stream))
            return Refused(services, "loop", $"{services.Node.Name} is not the origin of {stream}: it pulls the stream itself.");
        return Refused(services, "epoch", $"{services.Node.Name} has no publication of {stream} with the epoch {ticket.Epoch}{(epoch is null ? "" : $", but {epoch}")}.");
    }

    /// <summary>One stream is written at once; frames of several leave together.</summary>
    private void Pace() => output.Pacer = _streams.Count > 1 ? services.Pacers.Nodes : null;

    private void EndTooSlow(string reason)
    {
        // All streams find out, perhaps in one moment; the connection ends once.
        if (Interlocked.Exchange(ref _isTooSlow, 1) == 0)
            end(new SessionEnd(EndReason.TooSlow, reason));
    }

    private void End(string description)
    {
        services.Metrics.RelayRefused("command");
        end(new SessionEnd(EndReason.RelayRefused, $"{node}: {description}"));
    }

    private void Send(CommandMessage command, uint streamId = 0) => output.Send(command, services.ChunkSize, streamId);

    private static Answer<Ticket> Refused(SessionServices services, string reason, string description)
    {
        services.Metrics.RelayRefused(reason);
        return new Refusal(RefusalCode.Denied, description);
    }

    private static partial class Log
    {
        [LoggerMessage(3320, LogLevel.Debug, "{Node} pulls {Stream} epoch {Epoch}")]
        public static partial void Pulls(ILogger logger, string node, StreamKey stream, long epoch);

        [LoggerMessage(3321, LogLevel.Warning, "{Node} does not take the {Count} streams that it pulls, and is disconnected: {Reason}. It connects again; is the network between the nodes wide enough?")]
        public static partial void TooSlow(ILogger logger, string node, int count, string reason);
    }
}
