using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Relay;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Handshakes;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Sessions;

/// <summary>
/// One client from accept to goodbye: handshake → connect → pending → member → end; or another node: handshake → connect → relay → end. Everything a session knows is touched by its one
/// loop only; what comes from elsewhere (a verdict, a kick, a deadline) is put into its mailbox, and the loop is woken to read it.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "LeaveAsync gives everything back, and always runs.")]
internal sealed partial class RtmpSession
{
    private readonly ClientConnection _connection;
    private readonly SessionServices _services;
    private readonly ChunkReader _chunks = new(ChunkReaderLimits.BeforeAccept);
    // A lock and a list that is empty for most: a concurrent queue takes 800 bytes, and ten thousand clients may be pending.
    private readonly Queue<Func<Task>> _mail = new();
    private readonly CancellationTokenSource _gone = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SessionLiveness _liveness;
    private readonly ProtocolControl _control;
    private ServerHandshake? _handshake;
    private PendingClient? _pending;
    private ISessionRole? _role;
    private SessionEnd? _end;
    private long _received;
    private long _reportedReceived;
    private long _reportedSent;
    private bool _admitted;

    /// <summary>What it counts against; null: nothing, because it is no client's.</summary>
    private Place? _place;

    public RtmpSession(ClientConnection connection, Place place, SessionServices services)
    {
        (_connection, _place, _services) = (connection, place, services);
        _handshake = new ServerHandshake(unchecked((uint)Environment.TickCount64));
        _liveness = new SessionLiveness(services.Time, services.Options);
        _control = new ProtocolControl(connection.Output, services.Options.WindowAckSize);
        connection.Output.Failed = error => Post(() => End(new SessionEnd(EndReason.ConnectionLost, error.ToString())));
    }

    /// <summary>The connection's id; its pending grain and its seat have the same.</summary>
    public ConnectionId Id { get; } = ConnectionId.New();

    /// <summary>Whether its connect has no answer yet.</summary>
    public bool IsPending => _pending is not null;

    /// <summary>Streams it publishes.</summary>
    public int Publications => Member?.Publications ?? 0;

    /// <summary>Streams it plays.</summary>
    public int Plays => Member?.Plays ?? 0;

    /// <summary>Whether it is a client: neither another node that pulls a stream nor a media job.</summary>
    public bool IsClient => _role is not RelayPeer && !IsService;

    /// <summary>Whether it is a media job of this cluster.</summary>
    public bool IsService => _role is RoomMember { IsService: true };

    private RoomMember? Member => _role as RoomMember;

    /// <summary>Completes when the session has ended and left nothing behind.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Serves the client until the end.</summary>
    public void Start()
    {
        _services.Sessions.Add(this);
        _ = Task.Run(RunAsync);
    }

    /// <summary>The heartbeat: deadlines and pings. Any thread.</summary>
    public void Tick()
    {
        if ((IsLate() ? _farewell : _liveness.Overdue(_received, _connection.Output.BytesSent)) is { } overdue)
            Post(() => End(overdue));
        else if (_liveness.PingDue())
        {
            _connection.Output.EnqueueOwned(ControlMessages.PingRequest(unchecked((uint)Environment.TickCount64)));
            _connection.Output.Flush();
        }
    }

    /// <summary>Bytes received and sent since the last call. Only the heartbeat calls it.</summary>
    public (long Received, long Sent) TakeTraffic()
    {
        long received = Interlocked.Read(ref _received), sent = _connection.Output.BytesSent;
        var taken = (received - _reportedReceived, sent - _reportedSent);
        (_reportedReceived, _reportedSent) = (received, sent);
        return taken;
    }

    /// <summary>Ends the session politely. Any thread.</summary>
    public void Disconnect(EndReason reason, string description) => Post(() => End(new SessionEnd(reason, description)));

    /// <summary>A newer publisher has the name of a stream that this client publishes. Any thread.</summary>
    public void Supersede(StreamKey stream, long epoch) => Post(() =>
    {
        if (Member?.IsSuperseded(stream, epoch) == true)
            EndMember(SessionEnd.Superseded(stream.Stream));
    });

    /// <summary>The room calls the client. Any thread.</summary>
    public void CallClient(ClientCall call) => Post(() => Member?.CallClient(call));

    /// <summary>Puts something into the mailbox and wakes the loop.</summary>
    private void Post(Func<Task> mail)
    {
        lock (_mail)
            _mail.Enqueue(mail);
        _connection.Input.Wake();
    }

    private void Post(Action mail) => Post(() =>
    {
        mail();
        return Task.CompletedTask;
    });

    private Func<Task>? TakeMail()
    {
        lock (_mail)
            return _mail.TryDequeue(out var mail) ? mail : null;
    }

    private async Task RunAsync()
    {
        Log.Accepted(_services.Logger, Id, _connection.RemoteAddress);
        try
        {
            while (_end is null)
            {
                // Here and not in a method of its own: an asynchronous wait in it would allocate, for each message of a usual client.
                ReadOnlySequence<byte> bytes;
                bool ended;
                while (!_connection.Input.TryRead(out bytes, out ended))
                    await _connection.Input.WaitAsync().ConfigureAwait(false);
                await ServeAsync(bytes, ended).ConfigureAwait(false);
            }
        }
        catch (RtmpProtocolException e)
        {
            End(new SessionEnd(EndReason.ProtocolError, e.Message, e.Error));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            End(new SessionEnd(EndReason.ConnectionLost, e.Message));
        }
        catch (Exception e)
        {
            Log.Fault(_services.Logger, e, Id);
            End(new SessionEnd(EndReason.ServerError, "A fault in this server ended the connection; its log has the details."));
        }
        finally
        {
            await LeaveAsync(_end!).ConfigureAwait(false);
            _completion.SetResult();
        }
    }

    /// <summary>What came in one read, or with a wake-up: the mailbox first, then every whole message there is. Mostly it does not wait.</summary>
    private async ValueTask ServeAsync(ReadOnlySequence<byte> bytes, bool ended)
    {
        var rest = bytes;
        try
        {
            while (_end is null && TakeMail() is { } mail)
                await mail().ConfigureAwait(false);
            if (_end is null && (_handshake is null || await AdvanceHandshakeAsync(ref rest).ConfigureAwait(false)))
            {
                while (_end is null && _chunks.TryRead(ref rest, out var message))
                {
                    try
                    {
                        await HandleAsync(message).ConfigureAwait(false);
                    }
                    finally
                    {
                        message.Release();
                    }
                }
            }
            if (ended)
                End(new SessionEnd(EndReason.ClientLeft, "The client closed the connection."));
        }
        finally
        {
            var read = bytes.Length - rest.Length;
            Interlocked.Add(ref _received, read);
            _connection.Input.Advance(read);
            // What came in one read leaves in one write for each player.
            Member?.FlushPublications();
        }
        _control.Received(_received);
        _connection.Output.FlushAnswers();
    }

    private ValueTask<bool> AdvanceHandshakeAsync(ref ReadOnlySequence<byte> input)
    {
        var output = new ArrayBufferWriter<byte>(ServerHandshake.AnswerLength);
        var complete = _handshake!.TryAdvance(ref input, output);
        if (complete)
        {
            Log.Shaken(_services.Logger, Id, _handshake.Form);
            _handshake = null;
            _liveness.AwaitConnect();
        }
        return SendAsync(output.WrittenMemory, complete);
    }

    private async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes, bool complete)
    {
        await _connection.SendHandshakeAsync(bytes).ConfigureAwait(false);
        return complete;
    }

    private ValueTask HandleAsync(RtmpMessage message)
    {
        if (_control.TryHandle(message))
            return ValueTask.CompletedTask;
        if (_role is not null)
            return _role.HandleAsync(message);
        if (message.Type is not (MessageType.CommandAmf0 or MessageType.CommandAmf3))
            throw new RtmpProtocolException(ProtocolError.MessageNotAllowed, $"A message of type {message.Type} came before the connection was admitted.");
        var command = CommandMessage.Parse(message);
        if (_pending is null)
            Connect(command);
        else if (command.Name == CommandNames.Connect)
            throw new RtmpProtocolException(ProtocolError.MessageNotAllowed, "A second connect came before the first was answered.");
        else if (!_pending.TryHold(message))
            End(new SessionEnd(EndReason.PendingOverflow, "Too much was sent before the connection was admitted."));
        return ValueTask.CompletedTask;
    }

    private void End(SessionEnd end) => _end ??= end;

    /// <summary>Says goodbye where there is somebody to say it to, and takes back everything that the session holds in the cluster.</summary>
    private async Task LeaveAsync(SessionEnd end)
    {
        // Whoever reads the line finds it counted.
        _services.Metrics.Ended(end);
        Log.Ended(_services.Logger, Id, end.Reason, end.Error, end.Description, _received, _connection.Output.BytesSent);
        await _gone.CancelAsync().ConfigureAwait(false);
        try
        {
            var tell = end.Reason is not (EndReason.ClientLeft or EndReason.ConnectionLost);
            if (tell)
                TellEnd(end);
            // Before the goodbye has arrived: neither the next in line for the seat nor the players of its streams wait for this client to read.
            GiveBack(end);
            // Bytes that are not RTMP are answered by nothing but the close.
            if (tell)
                await _connection.CloseGracefullyAsync(_handshake is null ? _services.Options.Linger : TimeSpan.Zero).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever failed, the socket and the place are given back.
            Log.Fault(_services.Logger, e, Id);
        }
        _connection.Dispose();
        _chunks.Dispose();
        _gone.Dispose();
        if (!_admitted)
            _services.Sessions.Admitted(_connection.RemoteAddress.Address);
        GiveUpPlace();
        _services.Sessions.Remove(this);
    }

    private void GiveBack(SessionEnd end)
    {
        if (_pending is { } pending)
        {
            StopWaiting();
            pending.Dispose();
            _ = _services.Admission.AbandonAsync(Id);
        }
        _role?.Leave(end);
    }

    private void TellEnd(SessionEnd end)
    {
        try
        {
            _pending?.TellEnd(end, _connection.Output);
            _role?.TellEnd(end);
        }
        catch (RtmpProtocolException)
        {
            // What the client sent last cannot be answered; it is told nothing.
        }
    }
}
