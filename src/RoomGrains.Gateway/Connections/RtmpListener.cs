using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace RoomGrains.Gateway.Connections;

/// <summary>Accepts TCP connections. No failure of one connection, and no limit that is reached, ends the listening.</summary>
internal sealed partial class RtmpListener(IOptions<GatewayOptions> options, TimeProvider time, ILogger<RtmpListener> logger) : IDisposable
{
    /// <summary>Connections that the kernel holds for us while we are busy; it caps this at net.core.somaxconn (4096 today).</summary>
    private const int AcceptBacklog = 4096;

    /// <summary>How long to wait after accept itself failed, for example for want of file descriptors.</summary>
    private static readonly TimeSpan FailurePause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stop = new();
    private Socket? _socket;

    /// <summary>Where it listens, or did until it was stopped; null before the start.</summary>
    public IPEndPoint? EndPoint { get; private set; }

    /// <summary>Binds and listens.</summary>
    /// <exception cref="IOException">The port cannot be had; the message names it, and the option that chooses another.</exception>
    public void Listen()
    {
        var address = IPAddress.Parse(options.Value.ListenAddress);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = true;
            socket.Bind(new IPEndPoint(address, options.Value.RtmpPort));
            socket.Listen(AcceptBacklog);
            _socket = socket;
            EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException(
                $"The RTMP port {options.Value.RtmpPort} on {address} cannot be used: {e.Message}. Choose another with --rtmp-port, or end the program that has it.", e);
        }
        Log.Listening(logger, EndPoint);
    }

    /// <summary>Hands each accepted socket to <paramref name="serve"/> until <see cref="Stop"/>.</summary>
    public async Task AcceptAsync(Action<Socket> serve)
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _socket!.AcceptAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException e)
            {
                Log.AcceptFailed(logger, e.Message);
                await Task.Delay(FailurePause, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }
            try
            {
                serve(client);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                // It was reset between the accept and here.
                Log.AcceptFailed(logger, e.Message);
                client.Dispose();
            }
        }
    }

    /// <summary>No more clients.</summary>
    public void Stop()
    {
        _stop.Cancel();
        _socket?.Dispose();
    }

    public void Dispose()
    {
        Stop();
        _stop.Dispose();
    }

    private static partial class Log
    {
        [LoggerMessage(3001, LogLevel.Information, "RTMP listens on {EndPoint}")]
        public static partial void Listening(ILogger logger, IPEndPoint endPoint);

        [LoggerMessage(3002, LogLevel.Warning, "A connection could not be accepted ({Error}); listening goes on")]
        public static partial void AcceptFailed(ILogger logger, string error);
    }
}
