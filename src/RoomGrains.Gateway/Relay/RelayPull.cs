using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RoomGrains.Media;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Client;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Relay;

/// <summary>
/// Pulls one publication from its origin into the local hub, and connects again when the connection is cut, as long as its room says that
/// it is published there.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer and no handle.")]
internal sealed partial class RelayPull(
    StreamKey stream, StreamRoute route, StreamHub hub, Func<RelayPull, string> ticket, GatewayOptions options, StreamOptions streams,
    GatewayMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>A claim travels to this node sometimes faster than the publication starts: the first refusals are no news.</summary>
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Publication? _publication;
    private volatile RtmpClient? _client;
    private long _heardAt;
    private long _received;
    private volatile bool _asking;

    /// <summary>The stream.</summary>
    public StreamKey Stream => stream;

    /// <summary>Where it is published.</summary>
    public StreamRoute Route => route;

    /// <summary>Whether the room still says so. While it does not the connection goes on as long as it lives, but is not made anew.</summary>
    public bool IsRouted { get; set; } = true;

    /// <summary>Whether the origin has said that the publication is over.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether the stream flows, or would if its publisher sent something.</summary>
    public bool IsConnected => _client is not null;

    /// <summary>Since when nobody on this node plays it; the service's.</summary>
    public long? UnwatchedSince { get; set; }

    /// <summary>Completes when it has ended.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Gives up. Players have the grace period to be served by another. Nothing of it happens on the caller's thread, who may hold a lock.</summary>
    public void Stop() => _ = _stop.CancelAsync();

    /// <summary>Ends the publication in the hub unless somebody plays it; false when somebody does.</summary>
    public bool TryEndUnwatched() => _publication?.TryEndUnwatched() ?? true;

    /// <summary>The heartbeat.</summary>
    public void Tick()
    {
        metrics.RelayReceived(Interlocked.Exchange(ref _received, 0));
        if (_client is { } client && !_asking && time.GetElapsedTime(Interlocked.Read(ref _heardAt)) >= options.RelaySilence)
        {
            _asking = true;
            _ = AskAsync(client);
        }
    }

    /// <summary>Pulls until the publication is over, the room says that it is elsewhere, or <see cref="Stop"/>.</summary>
    public async Task RunAsync()
    {
        var retry = FirstRetry;
        for (var connections = 0; !_stop.IsCancellationRequested && IsRouted && !IsOver;)
        {
            if (await PullAsync(isAgain: connections > 0).ConfigureAwait(false))
            {
                connections++;
                retry = FirstRetry;
            }
            if (IsOver || !IsRouted)
                break;
            await Task.Delay(retry, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
        }
        Tick();
        _completion.SetResult();
    }

    /// <summary>One connection, from its start to its end; false when nothing could be pulled.</summary>
    private async Task<bool> PullAsync(bool isAgain)
    {
        var how = PublicationEnd.Lost;
        try
        {
            using var limit = new CancellationTokenSource(options.RelayConnectTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
            await using var client = await ConnectAsync(either.Token).ConfigureAwait(false);
            var playing = await client.CreateStreamAsync(either.Token).ConfigureAwait(false);
            // Who goes on needs what it missed; who begins, what any player here would want.
            await playing.PlayAsync(stream.Stream, start: isAgain || !streams.LowLatency ? -2 : -1, either.Token).ConfigureAwait(false);
            if (hub.Publish(stream.ToString(), route.Epoch, isRelay: true) is not { } publication)
            {
                Log.Stale(logger, stream, route.Epoch);
                return false;
            }
            Log.Started(logger, stream, route.Epoch, route.Origin, route.Address);
            if (isAgain)
                metrics.RelayReconnected();
            metrics.RelaysChanged(1);
            try
            {
                (_publication, _client) = (publication, client);
                how = await PumpAsync(playing, publication).ConfigureAwait(false);
                IsOver = how == PublicationEnd.Clean;
            }
            finally
            {
                _client = null;
                publication.End(how);
                publication.Flush();
                metrics.RelaysChanged(-1);
            }
            Log.Ended(logger, stream, route.Epoch, route.Origin, how);
            return true;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or RtmpRejectedException or RtmpProtocolException or ObjectDisposedException)
        {
            Log.Failed(logger, stream, route.Epoch, route.Origin, route.Address, e is OperationCanceledException ? "no answer in time" : e.Message);
            return false;
        }
        catch (Exception e)
        {
            // Its players wait: it is tried again, whatever it was.
            Log.Fault(logger, e, stream);
            return false;
        }
    }

    private async Task<RtmpClient> ConnectAsync(CancellationToken cancellationToken)
    {
        if (!TrySplit(route.Address, out var host, out var port))
            throw new IOException($"'{route.Address}' is no address: host:port is.");
        var pipe = await SocketPipe.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
        return await RtmpClient.ConnectAsync(pipe, new RtmpClientOptions
        {
            App = $"{stream.Room}?{RelayPeer.TicketParameter}={ticket(this)}",
            TcUrl = $"rtmp://{route.Address}/{stream.Room}",
            FlashVersion = "RoomGrains relay",
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Passes on what comes, until the end.</summary>
    /// <returns>Clean when the origin said that the stream is over; lost when it said nothing.</returns>
    private async Task<PublicationEnd> PumpAsync(RtmpClientStream playing, Publication publication)
    {
        while (true)
        {
            Interlocked.Exchange(ref _heardAt, time.GetTimestamp());
            var next = playing.ReadAsync(_stop.Token);
            // What came in one read leaves in one write for each player.
            if (!next.IsCompleted)
                publication.Flush();
            if (await next.ConfigureAwait(false) is not { } message)
                return PublicationEnd.Lost;
            try
            {
                Interlocked.Add(ref _received, message.Payload.Length);
                if (!CommandMessage.IsCommand(message.Type))
                    publication.Send(message);
                else if (CommandMessage.Parse(message)[0]["code"].AsString() == StatusCodes.Play.UnpublishNotify)
                    return PublicationEnd.Clean;
            }
            finally
            {
                message.Release();
            }
        }
    }

    /// <summary>
    /// Nothing has come for a while: the publisher may be silent, or the origin dead or frozen, of which TCP says nothing for minutes. An
    /// origin that lives answers.
    /// </summary>
    private async Task AskAsync(RtmpClient client)
    {
        try
        {
            using var limit = new CancellationTokenSource(options.RelaySilence, time);
            await client.CallAsync(CommandNames.CheckBandwidth, [], limit.Token).ConfigureAwait(false);
            Interlocked.Exchange(ref _heardAt, time.GetTimestamp());
        }
        catch (OperationCanceledException)
        {
            Log.Silent(logger, stream, route.Origin, options.RelaySilence.TotalSeconds);
            await client.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or RtmpRejectedException)
        {
            // It has ended by itself, or has answered, in its way.
            Interlocked.Exchange(ref _heardAt, time.GetTimestamp());
        }
        finally
        {
            _asking = false;
        }
    }

    private static bool TrySplit(string address, out string host, out int port)
    {
        port = 0;
        var colon = address.LastIndexOf(':');
        host = colon > 0 ? address[..colon].Trim('[', ']') : "";
        return colon > 0 && int.TryParse(address.AsSpan(colon + 1), out port) && port is > 0 and <= IPEndPoint.MaxPort;
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

        [LoggerMessage(3314, LogLevel.Warning, "relay {Stream} from {Origin}: nothing came for {Seconds} s, and no answer for as long; it is connected anew")]
        public static partial void Silent(ILogger logger, StreamKey stream, string origin, double seconds);
    }
}
