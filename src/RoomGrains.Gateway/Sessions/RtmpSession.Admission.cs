using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Relay;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Gateway.Sessions;

/// <summary>From <c>connect</c> to its one answer.</summary>
internal sealed partial class RtmpSession
{
    /// <summary>The first command: from here on the client is pending, until the verdict is in the mailbox.</summary>
    private void Connect(CommandMessage command)
    {
        if (command.Name != CommandNames.Connect)
            throw new RtmpProtocolException(ProtocolError.MessageNotAllowed, $"The first command was '{PlainText.Of(command.Name)}' and not 'connect'.");
        var connect = ConnectCommand.From(command);
        if (connect.Parameters.TryGetValue(RelayPeer.TicketParameter, out var ticket))
        {
            ConnectNode(connect, ticket);
            return;
        }
        if (_place == Place.Reserved && !PendingClient.IsService(connect, _services))
        {
            const string Full = "This server has as many clients as it may have. Try another, or try again later.";
            _services.Sessions.NotReserved();
            ConnectReply.Reject(connect, StatusCodes.Connect.Rejected, Full, _connection.Output);
            End(new SessionEnd(EndReason.Rejected, Full));
            return;
        }
        _pending = new PendingClient(Id, connect, _connection.RemoteAddress, _services);
        _reconnects = _pending.Reconnects;
        _liveness.Pending();
        _services.Metrics.PendingChanged(1);
        Log.Pending(_services.Logger, Id, PlainText.Of($"{_pending.Request.Application}/{_pending.Request.Room ?? "*"}"), _connection.RemoteAddress, _pending.Request.Client);
        _ = AwaitVerdictAsync(_pending.Request);
    }

    /// <summary>Another node, by its own word: its ticket decides, at once.</summary>
    private void ConnectNode(ConnectCommand connect, string text)
    {
        var ticket = RelayPeer.Check(text, _services);
        if (!ticket.IsDone)
        {
            ConnectReply.Reject(connect, StatusCodes.Connect.Rejected, ticket.Refusal.Message, _connection.Output);
            End(new SessionEnd(EndReason.RelayRefused, ticket.Refusal.Message));
            return;
        }
        Log.Node(_services.Logger, Id, ticket.Value.Node, _connection.RemoteAddress);
        ConnectReply.Accept(connect, Id, _services, _connection.Output);
        GiveUpPlace();
        _connection.Output.WritesOn = true;
        Admit(new RelayPeer(ticket.Value.Node, _connection.Output, _services, end => Post(() => End(end))));
    }

    /// <summary>From here on its role has the say.</summary>
    private void Admit(ISessionRole role)
    {
        _liveness.Admitted();
        _chunks.Limits = ChunkReaderLimits.AfterAccept;
        _admitted = true;
        _services.Sessions.Admitted(_connection.RemoteAddress.Address);
        _role = role;
    }

    /// <summary>The limit is one on clients: however many there are, nodes get their streams, and media jobs theirs.</summary>
    private void GiveUpPlace()
    {
        if (_place is { } place)
            _services.Sessions.Leave(place);
        _place = null;
    }

    private async Task AwaitVerdictAsync(AdmissionRequest request)
    {
        try
        {
            var verdict = await _services.Admission.AwaitVerdictAsync(request, TellPosition, _gone.Token).ConfigureAwait(false);
            Post(() => DecideAsync(verdict));
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // The client left; LeaveAsync tells the grain.
        }
        catch (Exception e)
        {
            Log.Fault(_services.Logger, e, Id);
            Disconnect(EndReason.ServerError, "A fault in this server ended the connection; its log has the details.");
        }
    }

    /// <summary>Who waits for people wants to know how long the queue is.</summary>
    private void TellPosition(AdmissionAnswer answer)
    {
        if (answer.Position > 0)
            Post(() => _pending?.TellPosition(answer.Position, _connection.Output));
    }

    private async Task DecideAsync(Verdict verdict)
    {
        // It counts as pending until it has been told: should that fail, LeaveAsync gives the seat back.
        using var pending = _pending!;
        _services.Metrics.Decided(verdict.Kind, _services.Time.GetUtcNow() - pending.Request.Since);
        Log.Decided(_services.Logger, Id, pending.Request.Address, pending.Request.Client, verdict.Kind, verdict.Room, verdict.DecidedBy, verdict.Description);
        if (verdict.Service.Length > 0)
            GiveUpPlace();
        pending.Tell(verdict, _connection.Output);
        _services.Admission.Confirm(verdict, delivered: true);
        if (verdict.Kind != VerdictKind.Accept)
        {
            StopWaiting();
            End(new SessionEnd(verdict.Kind == VerdictKind.Redirect ? EndReason.Redirected : EndReason.Rejected, verdict.Description));
            return;
        }
        var member = new RoomMember(verdict, pending.ToMember(verdict), _connection.Output, _services, end => Post(() => EndMember(end)), Post);
        Admit(member);
        StopWaiting();
        await pending.ReplayAsync(member).ConfigureAwait(false);
    }

    private void StopWaiting()
    {
        _pending = null;
        _services.Metrics.PendingChanged(-1);
    }
}
