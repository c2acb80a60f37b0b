using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Sessions;
using RoomGrains.Hosting;

namespace RoomGrains.Gateway.Draining;

/// <summary>
/// Empties this node so that nobody is hurt who can be spared: no new clients; who can is asked to connect to another node and served until
/// it has; the others are ended at a key frame, because encoders connect again by themselves after an orderly end; at the deadline whoever
/// is left. Publishers go first, so that players find at the other nodes what they play here. Media jobs, which know that the node drains, complete
/// what they write and go by themselves; they are waited for.
/// </summary>
internal sealed partial class Drainer(
    RtmpListener listener, SessionRegistry sessions, NodeIdentity node, IGrainFactory grains, TicketSigner tickets, IHostApplicationLifetime host,
    IOptions<GatewayOptions> options, TimeProvider time, ILogger<Drainer> logger) : IDisposable
{
    private const string Goodbye = "This server is shutting down. Connect again.";

    /// <summary>How often it looks who is next.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <summary>How long it asks the cluster for other nodes, at most. A cluster that does not answer has none to offer.</summary>
    private static readonly TimeSpan AskTime = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _began = new();
    private readonly HashSet<ConnectionId> _asked = [];
    private TaskCompletionSource _sooner = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _running;
    private long _started;
    private TimeSpan _within = TimeSpan.MaxValue;
    private int _sent;
    private int _disconnected;

    /// <summary>Cancelled when this node begins to empty: from then on it takes no new clients.</summary>
    public CancellationToken Began => _began.Token;

    /// <summary>As the cluster asks (<see cref="INodeObserver.Drain"/>): empties this node, then stops its process in order.</summary>
    public async Task DrainAndStopAsync(TimeSpan within)
    {
        await DrainAsync(within).ConfigureAwait(false);
        host.StopApplication();
    }

    /// <summary>Empties this node. While it does so, another call can only make it quicker.</summary>
    /// <param name="within">Who is still connected then is disconnected.</param>
    /// <returns>Done when the last session has ended.</returns>
    public Task DrainAsync(TimeSpan within)
    {
        lock (_gate)
        {
            if (_running is null)
                _started = time.GetTimestamp();
            var fromStart = time.GetElapsedTime(_started) + within;
            if (fromStart < _within)
            {
                _within = fromStart;
                var sooner = _sooner;
                _sooner = new(TaskCreationOptions.RunContinuationsAsynchronously);
                sooner.TrySetResult();
            }
            return _running ??= Task.Run(RunAsync);
        }
    }

    public void Dispose() => _began.Dispose();

    private async Task RunAsync()
    {
        await _began.CancelAsync().ConfigureAwait(false);
        listener.Stop();
        var count = Clients().Count;
        Log.Began(logger, count, Left().TotalSeconds);
        try
        {
            if (count > 0 && await HasOtherGatewaysAsync().ConfigureAwait(false))
                await EmptyAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // They are told goodbye all the same.
            Log.Failed(logger, e);
        }
        _disconnected = Clients().Count;
        await EndAllAsync().ConfigureAwait(false);
        Log.Done(logger, time.GetElapsedTime(_started).TotalSeconds, _sent, count - _sent - _disconnected, _disconnected);
    }

    private async Task EmptyAsync()
    {
        // A node that is full must be empty in time; else nobody needs to hurry.
        var perStep = Math.Max(options.Value.DrainRate, Clients().Count / Math.Max(1, Left().TotalSeconds / 2)) * Step.TotalSeconds;
        var due = 0d;
        while (Clients() is { Count: > 0 } clients && Left() > TimeSpan.Zero)
        {
            var playersToo = time.GetElapsedTime(_started) >= PublishersFirst;
            var next = clients.Where(s => !_asked.Contains(s.Id) && (playersToo || !s.PlaysFromHere)).OrderByDescending(s => s.Publications).Take((int)(due += perStep)).ToArray();
            due = Math.Min(due - next.Length, perStep);
            await Task.WhenAll(next.Select(SendAwayAsync)).ConfigureAwait(false);
            await StepAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Half of a short time, so that players have the other half.</summary>
    private TimeSpan PublishersFirst => Within() / 2 < DrainTimes.PublishersFirst ? Within() / 2 : DrainTimes.PublishersFirst;

    private async Task SendAwayAsync(RtmpSession session)
    {
        _asked.Add(session.Id);
        var target = session.CanBeSent ? await FindGatewayAsync().ConfigureAwait(false) : null;
        if (target is not null)
            Interlocked.Increment(ref _sent);
        var patience = Left() / 2 < DrainTimes.KeyFrameWait ? Left() / 2 : DrainTimes.KeyFrameWait;
        session.SendAway(target is null ? null : new ElsewhereUrl(target, NewTicket), patience, Goodbye);
    }

    private string NewTicket(RoomKey room, ConnectionId connection, Identity identity) => tickets.Sign(new Ticket
    {
        Purpose = TicketPurpose.Guest,
        Room = room,
        Node = node.Name,
        Expires = time.GetUtcNow() + TicketUrl.GuestLife,
        Connection = connection,
        // It is in the room: nobody has to let it in once more.
        Approved = true,
        Identity = identity,
    });

    /// <summary>The address for one client; null where there is none. The cluster counts each answer as a client that is about to arrive.</summary>
    private async Task<string?> FindGatewayAsync()
    {
        try
        {
            var found = await grains.GetCluster().FindGateway(node.Name).WaitAsync(AskLimit(), time).ConfigureAwait(false);
            return found is { IsDone: true, Value.RtmpAddress.Length: > 0 } ? found.Value.RtmpAddress : null;
        }
        catch (Exception e) when (IsUnreachable(e))
        {
            return null;
        }
    }

    private async Task<bool> HasOtherGatewaysAsync()
    {
        try
        {
            var nodes = await grains.GetCluster().ListNodes().WaitAsync(AskLimit(), time).ConfigureAwait(false);
            return nodes.Any(n => n.Name != node.Name && !n.Draining && n.Roles.Contains("gateway"));
        }
        catch (Exception e) when (IsUnreachable(e))
        {
            Log.NoAnswer(logger, e.Message);
            return false;
        }
    }

    private TimeSpan AskLimit() => Left() is var left && left < 2 * AskTime ? left > TimeSpan.Zero ? left / 2 : TimeSpan.Zero : AskTime;

    private static bool IsUnreachable(Exception e) => e is Orleans.Runtime.OrleansException or TimeoutException or IOException or ObjectDisposedException;

    private async Task EndAllAsync()
    {
        await EndAsync(session => session.IsClient).ConfigureAwait(false);
        while (sessions.Sessions.Where(s => s.IsService).Select(s => s.Completion).ToArray() is { Length: > 0 } jobs && Left() > TimeSpan.Zero)
            await Task.WhenAny(Task.WhenAll(jobs), StepAsync()).ConfigureAwait(false);
        await EndAsync(_ => true).ConfigureAwait(false);
    }

    /// <summary>Until there are none: a socket may have been accepted in the moment in which the listener stopped.</summary>
    private async Task EndAsync(Func<RtmpSession, bool> which)
    {
        while (sessions.Sessions.Where(which).ToArray() is { Length: > 0 } left)
        {
            foreach (var session in left)
                session.Disconnect(EndReason.Shutdown, Goodbye);
            await Task.WhenAll(left.Select(session => session.Completion)).ConfigureAwait(false);
        }
    }

    /// <summary>A moment, or less where there is less time than it seemed.</summary>
    private async Task StepAsync()
    {
        Task sooner;
        lock (_gate)
            sooner = _sooner.Task;
        await Task.WhenAny(Task.Delay(Step, time, CancellationToken.None), sooner).ConfigureAwait(false);
    }

    /// <summary>Nodes that pull streams from here go when those have gone.</summary>
    private List<RtmpSession> Clients() => [.. sessions.Sessions.Where(s => s.IsClient)];

    private TimeSpan Within()
    {
        lock (_gate)
            return _within;
    }

    private TimeSpan Left() => Within() - time.GetElapsedTime(_started);

    private static partial class Log
    {
        [LoggerMessage(3400, LogLevel.Information, "No new clients. {Count} leave this node within {Seconds:0.#} s")]
        public static partial void Began(ILogger logger, int count, double seconds);

        [LoggerMessage(3401, LogLevel.Information, "No client is left after {Seconds:0.0} s: {Sent} were asked to connect to another node, {Others} ended otherwise, {Disconnected} were disconnected at the end")]
        public static partial void Done(ILogger logger, double seconds, int sent, int others, int disconnected);

        [LoggerMessage(3402, LogLevel.Warning, "The cluster does not say which other nodes there are ({Error}): clients are told to connect again")]
        public static partial void NoAnswer(ILogger logger, string error);

        [LoggerMessage(3403, LogLevel.Error, "The drain failed; all clients are told goodbye now")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}

/// <summary>Where a client is sent: the address of a gateway, and who signs its ticket.</summary>
/// <param name="Address">Host and port.</param>
/// <param name="Ticket">The ticket of a member of this room with this connection, who is that.</param>
/// <remarks>RTMP clients take the path of a URL as it stands, and so do we: names are not escaped. They have no character that would end them.</remarks>
internal sealed record ElsewhereUrl(string Address, Func<RoomKey, ConnectionId, Identity, string> Ticket)
{
    /// <summary>For a member: it goes on where it was.</summary>
    public string ForMember(RoomKey room, ConnectionId connection, Identity identity) => TicketUrl.For(Address, room, Ticket(room, connection, identity));

    /// <summary>For who was not decided: it asks there as it asked here, and brings what it brought here.</summary>
    public string ForPending(AdmissionRequest request)
    {
        var path = request.Room is null ? request.Application : $"{request.Application}/{request.Room}";
        var query = string.Join('&', request.Parameters.Select(p => $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}"));
        return $"rtmp://{Address}/{path}{(query.Length > 0 ? "?" : "")}{query}";
    }
}
