using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using RoomGrains.Media;
using RoomGrains.Rtmp.Client;

namespace RoomGrains.Gateway.Relay;

/// <summary>
/// Pulls one publication from its origin into the local hub, and plays it again when the connection was lost, as long as its room says that
/// it is published there.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer and no handle.")]
internal sealed partial class RelayPull(
    StreamKey stream, StreamRoute route, StreamHub hub, RelayLinks links, Func<RelayPull, string> ticket, StreamOptions streams, GatewayMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>A claim travels to this node sometimes faster than the publication starts: the first refusals are no news.</summary>
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(2);

    /// <summary>Players to whom a frame is written on the connection's own thread. At 8 µs for a write, more would hold up the node's other streams.</summary>
    private const int Crowd = 32;

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Publication? _publication;
    private volatile bool _isConnected;
    private volatile int _players;

    /// <summary>The stream.</summary>
    public StreamKey Stream => stream;

    /// <summary>Where it is published.</summary>
    public StreamRoute Route => route;

    /// <summary>Whether the room still says so. While it does not it goes on as long as the connection lives, but is not played anew.</summary>
    public bool IsRouted { get; set; } = true;

    /// <summary>Whether the origin has said that the publication is over.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether the stream flows, or would if its publisher sent something.</summary>
    public bool IsConnected => _isConnected;

    /// <summary>Since when nobody on this node plays it; the service's.</summary>
    public long? UnwatchedSince { get; set; }

    /// <summary>How many play it here; the service says it with each heartbeat.</summary>
    public int Players
    {
        get => _players;
        set => _players = value;
    }

    /// <summary>Completes when it has ended.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Gives up. Players have the grace period to be served by another. Nothing of it happens on the caller's thread, who may hold a lock.</summary>
    public void Stop() => _ = _stop.CancelAsync();

    /// <summary>Ends the publication in the hub unless somebody plays it; false when somebody does.</summary>
    public bool TryEndUnwatched() => _publication?.TryEndUnwatched() ?? true;

    /// <summary>Pulls until the publication is over, the room says that it is elsewhere, or <see cref="Stop"/>.</summary>
    public async Task RunAsync()
    {
        var link = links.Hold(route.Address);
        try
        {
            var retry = FirstRetry;
            for (var plays = 0; !_stop.IsCancellationRequested && IsRouted && !IsOver;)
            {
                // Where that fails the link waits before it tries again.
                if (await link.ConnectAsync().WaitAsync(_stop.Token).ConfigureAwait(false) is not { } connection)
                    continue;
                if (await PullAsync(connection, isAgain: plays > 0).ConfigureAwait(false))
                {
                    plays++;
                    retry = FirstRetry;
                }
                if (connection.Completion.IsCompleted || IsOver)
                    continue;
                await Task.Delay(retry, time, _stop.Token).ConfigureAwait(false);
                retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        finally
        {
            links.Release(link);
            _completion.SetResult();
        }
    }

    /// <summary>One play, from its start to its end; false when nothing could be pulled.</summary>
    private async Task<bool> PullAsync(RelayConnection connection, bool isAgain)
    {
        var receiver = new RelayReceiver(() => hub.Publish(stream.ToString(), route.Epoch, isRelay: true), () => _players > Crowd);
        RtmpClientStream? playing = null;
        var how = PublicationEnd.Lost;
        try
        {
            // Who goes on needs what it missed; who begins, what any player here would want.
            playing = await connection.PlayAsync(
                () => $"{stream.Stream}?{RelayPeer.TicketParameter}={ticket(this)}", start: isAgain || !streams.LowLatency ? -2 : -1, receiver, _stop.Token).ConfigureAwait(false);
            if (receiver.Publication is null)
            {
                Log.Stale(logger, stream, route.Epoch);
                return false;
            }
            Log.Started(logger, stream, route.Epoch, route.Origin, route.Address);
            if (isAgain)
                metrics.RelayReconnected();
            metrics.RelaysChanged(1);
            (_publication, _isConnected) = (receiver.Publication, true);
            var ended = await Task.WhenAny(receiver.Over, connection.Completion).WaitAsync(_stop.Token).ConfigureAwait(false);
            if (ended == receiver.Over)
                how = await receiver.Over.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception e) when (e is IOException or RtmpRejectedException)
        {
            Log.Failed(logger, stream, route.Epoch, route.Origin, route.Address, e.Message);
        }
        catch (Exception e)
        {
            // Its players wait: it is tried again, whatever it was.
            Log.Fault(logger, e, stream);
        }
        finally
        {
            receiver.Stop();
            receiver.Publication?.End(how);
            receiver.Publication?.Flush();
            if (playing is not null)
                await playing.CloseAsync(CancellationToken.None).ConfigureAwait(false);
        }
        if (!_isConnected)
            return false;
        _isConnected = false;
        metrics.RelaysChanged(-1);
        IsOver = how == PublicationEnd.Clean;
        Log.Ended(logger, stream, route.Epoch, route.Origin, how);
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(3310, LogLevel.Information, "relay {Stream} epoch {Epoch} from {Origin} ({Address})")]
        public static partial void Started(ILogger logger, StreamKey stream, long epoch, string origin, string address);

        [LoggerMessage(3311, LogLevel.Information, "relay {Stream} epoch {Epoch} from {Origin} ended: {How}")]
        public static partial void Ended(ILogger logger, StreamKey stream, long epoch, string origin, PublicationEnd how);

        [LoggerMessage(3312, LogLevel.Debug, "relay {Stream} epoch {Epoch} from {Origin} ({Address}) failed and is tried again while it is published there: {Error}")]
        public static partial void Failed(ILogger logger, StreamKey stream, long epoch, string origin, string address, string error);

        [LoggerMessage(3315, LogLevel.Error, "A fault of this node ended the relay of {Stream}; it is tried again")]
        public static partial void Fault(ILogger logger, Exception error, StreamKey stream);

        [LoggerMessage(3313, LogLevel.Debug, "relay {Stream} epoch {Epoch} is stale: this node has a newer publication, or still the older connection")]
        public static partial void Stale(ILogger logger, StreamKey stream, long epoch);
    }
}
