using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Client;

namespace RoomGrains.Gateway.Relay;

/// <summary>
/// The way to another node: the one connection by which all streams are pulled from there. It is made when one is wanted, watched, and made anew when it was
/// lost and is wanted again; who wants it meanwhile waits for the same attempt.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer and no handle.")]
internal sealed partial class RelayLink(string address, Func<string> ticket, GatewayOptions options, GatewayMetrics metrics, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private Task<RelayConnection?>? _connection;
    private TimeSpan _retry;
    private long _attemptAt;
    private bool _hasFailed;
    private int _asking;

    /// <summary>Where the node is: host and port.</summary>
    public string Address => address;

    /// <summary>Pulls that use it; the links' own, as is the next.</summary>
    public int Users { get; set; }

    /// <summary>Since when nothing is pulled by it.</summary>
    public long UnusedSince { get; set; }

    /// <summary>The connection, or the next one.</summary>
    /// <returns>Null when the attempt has failed. The next waits longer, by itself.</returns>
    public Task<RelayConnection?> ConnectAsync()
    {
        lock (_gate)
        {
            if (_connection is null || (_connection.IsCompleted && Current is not { Completion.IsCompleted: false }))
            {
                var wait = NextWait();
                _connection = Task.Run(() => TryConnectAsync(wait));
            }
            return _connection;
        }
    }

    /// <summary>The heartbeat: asks a node that is silent.</summary>
    public void Tick()
    {
        if (Current is not { } connection)
            return;
        metrics.RelayReceived(connection.TakeReceived());
        if (!connection.Completion.IsCompleted && connection.Silence >= options.RelaySilence && Interlocked.Exchange(ref _asking, 1) == 0)
            _ = AskAsync(connection);
    }

    /// <summary>Ends the connection. Nothing happens on the caller's thread.</summary>
    public async Task CloseAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Task<RelayConnection?>? attempt;
        lock (_gate)
            attempt = _connection;
        // One that has just come about, too: nobody else would ever end it.
        if (attempt is not null && await attempt.ConfigureAwait(false) is { } connection)
            await connection.DisposeAsync().ConfigureAwait(false);
    }

    private RelayConnection? Current
    {
        get
        {
            lock (_gate)
                return _connection is { IsCompletedSuccessfully: true } connected ? connected.Result : null;
        }
    }

    private async Task<RelayConnection?> TryConnectAsync(TimeSpan wait)
    {
        try
        {
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, _stop.Token).ConfigureAwait(false);
            using var limit = new CancellationTokenSource(options.RelayConnectTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
            var connection = await RelayConnection.ConnectAsync(address, ticket(), time, either.Token).ConfigureAwait(false);
            _hasFailed = false;
            Log.Connected(logger, address);
            metrics.RelayConnectionsChanged(1);
            _ = WatchAsync(connection);
            return connection;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or RtmpRejectedException or RtmpProtocolException or ObjectDisposedException)
        {
            var error = e is OperationCanceledException ? "no answer in time" : e.Message;
            // A node that is down is told of once.
            if (_hasFailed)
                Log.FailedAgain(logger, address, error);
            else
                Log.Failed(logger, address, error);
            _hasFailed = true;
        }
        catch (Exception e)
        {
            // The players of all its streams wait: it is tried again, whatever it was.
            Log.Fault(logger, e, address);
        }
        return null;
    }

    /// <summary>
    /// Before the attempt that is made now. The first waits for nothing; each that did not last, be it refused or ended by the other node as soon as it was there,
    /// makes the next one wait longer.
    /// </summary>
    private TimeSpan NextWait()
    {
        var lasted = _connection is not null && time.GetElapsedTime(_attemptAt) - _retry >= LastRetry;
        _retry = _connection is null ? TimeSpan.Zero : lasted || _retry == TimeSpan.Zero ? FirstRetry : _retry * 2 < LastRetry ? _retry * 2 : LastRetry;
        _attemptAt = time.GetTimestamp();
        return _retry;
    }

    private async Task WatchAsync(RelayConnection connection)
    {
        var end = await connection.Completion.ConfigureAwait(false);
        metrics.RelayConnectionsChanged(-1);
        Log.Ended(logger, address, end.Reason, end.Exception?.Message ?? "");
    }

    /// <summary>
    /// Nothing has come for a while: the publishers may be silent, or the node dead or frozen, of which TCP says nothing for minutes. A node
    /// that lives answers, or sends something else: its answer may stand behind much that a busy node, this or that, has not had the time for.
    /// </summary>
    private async Task AskAsync(RelayConnection connection)
    {
        try
        {
            using var limit = new CancellationTokenSource(options.RelaySilence, time);
            await connection.AskAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            if (connection.Silence < options.RelaySilence)
                return;
            Log.Silent(logger, address, options.RelaySilence.TotalSeconds);
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or RtmpRejectedException)
        {
            // It has ended by itself, or has answered, in its way.
        }
        finally
        {
            Volatile.Write(ref _asking, 0);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3330, LogLevel.Information, "Connected to the node at {Address}, to pull streams")]
        public static partial void Connected(ILogger logger, string address);

        [LoggerMessage(3331, LogLevel.Information, "The connection to the node at {Address}, by which streams are pulled, has ended: {Reason} {Error}")]
        public static partial void Ended(ILogger logger, string address, RtmpClientEndReason reason, string error);

        [LoggerMessage(3332, LogLevel.Warning, "The node at {Address} can't be connected to, to pull streams; it is tried again while they are published there: {Error}")]
        public static partial void Failed(ILogger logger, string address, string error);

        [LoggerMessage(3333, LogLevel.Debug, "The node at {Address} can't be connected to, still: {Error}")]
        public static partial void FailedAgain(ILogger logger, string address, string error);

        [LoggerMessage(3314, LogLevel.Warning, "Nothing came from the node at {Address} for {Seconds} s, and no answer for as long; it is connected to anew")]
        public static partial void Silent(ILogger logger, string address, double seconds);

        [LoggerMessage(3334, LogLevel.Error, "A fault of this node ended the attempt to connect to the node at {Address}; it is tried again")]
        public static partial void Fault(ILogger logger, Exception error, string address);
    }
}
