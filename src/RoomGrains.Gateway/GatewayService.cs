using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Draining;
using RoomGrains.Gateway.Presence;
using RoomGrains.Gateway.Relay;
using RoomGrains.Gateway.Sessions;
using RoomGrains.Media;

namespace RoomGrains.Gateway;

/// <summary>
/// The gateway role of a node: listens, gives each client a session, and keeps the one heartbeat that all timeouts run on. Starts after
/// the silo; on stop takes no new clients, says goodbye to the others and waits for them to go.
/// </summary>
public sealed partial class GatewayService : IHostedService, IDisposable
{
    /// <summary>All timeouts are checked this often; no session has a timer of its own.</summary>
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);

    private readonly RtmpListener _listener;
    private readonly SessionRegistry _sessions;
    private readonly SessionServices _services;
    private readonly RoomPresence _presence;
    private readonly RelayService _relays;
    private readonly NodeIdentity _node;
    private readonly IGrainFactory _grains;
    private readonly StreamHub _hub;
    private readonly TimeProvider _time;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger<GatewayService> _logger;
    private readonly NodeObserver _observer;
    private readonly Drainer _drainer;
    private readonly DrainTimes _times;
    private readonly CancellationTokenSource _stop = new();
    private Task _accepting = Task.CompletedTask;
    private Task _heartbeat = Task.CompletedTask;
    private Task _writing = Task.CompletedTask;
    private Task _writingToNodes = Task.CompletedTask;
    private long _sent;

    internal GatewayService(RtmpListener listener, SessionServices services, NodeObserver observer, Drainer drainer, DrainTimes times, ILogger<GatewayService> logger)
    {
        (_listener, _services, _observer, _drainer, _times, _logger) = (listener, services, observer, drainer, times, logger);
        (_node, _sessions, _presence, _relays) = (services.Node, services.Sessions, services.Presence, services.Relays);
        (_grains, _hub, _time, _metrics) = (services.Grains, services.Hub, services.Time, services.Metrics);
    }

    /// <summary>Where RTMP clients connect; null before the start.</summary>
    public IPEndPoint? RtmpEndPoint => _listener.EndPoint;

    /// <summary>Cancelled when it begins to empty: from then on it takes no new clients.</summary>
    public CancellationToken Draining => _drainer.Began;

    /// <summary>How grains reach this node; null before the start.</summary>
    public INodeObserver? Observer => _presence.Observer;

    /// <summary>What the gateway carries now.</summary>
    public GatewayLoad Load => new(
        _sessions.Sessions.Count(s => s.IsClient), _sessions.Sessions.Count(s => s.IsPending), _sessions.Sessions.Sum(s => s.Publications), _sessions.Sessions.Sum(s => s.Plays), Interlocked.Read(ref _sent),
        _relays.Count);

    /// <summary>Listens. The silo must have started.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _presence.Observer = _grains.CreateObjectReference<INodeObserver>(_observer);
        _listener.Listen();
        _presence.RelayAddress = _node.RelayAddress.Length > 0 ? _node.RelayAddress : _listener.EndPoint!.ToString();
        _accepting = _listener.AcceptAsync(Serve);
        _heartbeat = BeatAsync();
        _writing = Task.Factory.StartNew(WriteRounds, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _writingToNodes = Task.Factory.StartNew(() => RepeatRounds(_services.Pacers.Nodes.WriteRound), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return Task.CompletedTask;
    }

    /// <summary>Takes no new clients, sends the others to other nodes where there are any, and waits until they have gone or the token says that time is up.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _drainer.DrainAsync(_times.OnStop).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _accepting.ConfigureAwait(false);
        await _relays.StopAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _heartbeat.ConfigureAwait(false);
        await Task.WhenAll(_writing, _writingToNodes).ConfigureAwait(false);
    }

    /// <summary>Who is still here is told goodbye now: somebody does not want to wait for the stop.</summary>
    public void Hurry() => _ = _drainer.DrainAsync(TimeSpan.Zero);

    /// <summary>Whether this node is cut off from its cluster: it has no clients, and takes none.</summary>
    public bool Isolated { get; private set; }

    /// <summary>This node is cut off from its cluster: its clients are disconnected, so that they go elsewhere, and none is taken until <see cref="Rejoin"/>.</summary>
    public void Isolate()
    {
        Isolated = true;
        _metrics.Isolated(true);
        DisconnectAll();
    }

    /// <summary>This node is in its cluster again, and takes clients.</summary>
    public void Rejoin()
    {
        Isolated = false;
        _metrics.Isolated(false);
    }

    private void DisconnectAll()
    {
        foreach (var session in _sessions.Sessions)
            session.Disconnect(EndReason.Isolated, "This server has lost its cluster. Connect again.");
    }

    /// <summary>Frees what is its own; the listener is the container's.</summary>
    public void Dispose() => _stop.Dispose();

    private void Serve(Socket socket)
    {
        if (Isolated)
        {
            _metrics.Refused("isolated");
            socket.Dispose();
            return;
        }
        var connection = new ClientConnection(socket, _time);
        if (_sessions.TryEnter(connection) is { } place)
        {
            new RtmpSession(connection, place, _services).Start();
            return;
        }
        Log.LimitReached(_logger, connection.RemoteAddress.Address);
        socket.Dispose();
    }

    /// <summary>Lets all that counts time on this node do so.</summary>
    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(HeartbeatInterval, _time);
        while (await WaitAsync(timer).ConfigureAwait(false))
        {
            try
            {
                Beat();
            }
            catch (Exception e)
            {
                // Every deadline of the node depends on the next beat.
                Log.BeatFailed(_logger, e);
            }
        }
    }

    /// <summary>What streams have left behind leaves here, and what clients of several streams get.</summary>
    private void WriteRounds() => RepeatRounds(() =>
    {
        _hub.Flush();
        return _services.Pacers.Clients.WriteRound();
    });

    /// <summary>
    /// On a thread of its own: on a busy node a round that stood in the thread pool's queue would begin later than its clients should have been
    /// written to. By the real clock whatever the others go by.
    /// </summary>
    private void RepeatRounds(Func<TimeSpan> round)
    {
        var interval = WritePacer.IdleInterval;
        while (!_stop.Token.WaitHandle.WaitOne(interval))
        {
            try
            {
                interval = round();
            }
            catch (Exception e)
            {
                // What all these clients get depends on the next round.
                Log.BeatFailed(_logger, e);
            }
        }
    }

    private void Beat()
    {
        // Who was accepted in the moment in which it began.
        if (Isolated)
            DisconnectAll();
        long sent = 0, received = 0;
        foreach (var session in _sessions.Sessions)
        {
            session.Tick();
            var (newlyReceived, newlySent) = session.TakeTraffic();
            sent += newlySent;
            received += newlyReceived;
        }
        _metrics.Transferred(received, sent);
        Interlocked.Add(ref _sent, sent);
        _hub.Tick();
        _relays.Tick();
        _presence.Tick();
        _services.Objects.Tick();
    }

    private async ValueTask<bool> WaitAsync(PeriodicTimer timer)
    {
        try
        {
            return await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3010, LogLevel.Warning, "A connection from {Address} was closed at once: a limit on connections is reached (MaxConnections or MaxUnadmittedPerAddress)")]
        public static partial void LimitReached(ILogger logger, IPAddress address);

        [LoggerMessage(3012, LogLevel.Error, "A heartbeat failed; the next comes in a second")]
        public static partial void BeatFailed(ILogger logger, Exception error);
    }
}

/// <summary>What a gateway carries.</summary>
/// <param name="Clients">Connected clients, pending ones included.</param>
/// <param name="Pending">Those whose connect has no answer yet.</param>
/// <param name="Streams">Streams published by clients of this node.</param>
/// <param name="Players">Streams played by clients of this node.</param>
/// <param name="BytesSent">Bytes sent to clients, and to nodes that pull streams, since the start.</param>
/// <param name="Relays">Streams pulled from other nodes.</param>
public readonly record struct GatewayLoad(int Clients, int Pending, int Streams, int Players, long BytesSent, int Relays);
