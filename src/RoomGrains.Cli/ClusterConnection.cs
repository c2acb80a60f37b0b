using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RoomGrains.Hosting;

namespace RoomGrains.Cli;

/// <summary>An Orleans client for as long as one command takes.</summary>
internal sealed class ClusterConnection : IAsyncDisposable
{
    // A live node greets within milliseconds, a starved one within seconds; the Orleans client itself would go on trying. What is left is for the question.
    private const double GreetingShare = 0.8;

    private readonly IHost _host;
    private readonly IReadOnlyList<DnsEndPoint> _addresses;

    private ClusterConnection(IHost host, IReadOnlyList<DnsEndPoint> addresses) => (_host, _addresses) = (host, addresses);

    public IGrainFactory Grains => _host.Services.GetRequiredService<IClusterClient>();

    /// <summary>
    /// Connects through the first gateways that accept a TCP connection. Asking the sockets first turns "nothing listens there" into an
    /// answer within moments; the Orleans client would retry and log.
    /// </summary>
    /// <param name="addresses">The gateways.</param>
    /// <param name="options">The cluster.</param>
    /// <param name="patience">How long the user waits for an answer.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="UnreachableException">No address listens, or what listens there is not this cluster.</exception>
    public static async Task<ClusterConnection> OpenAsync(IReadOnlyList<DnsEndPoint> addresses, ClusterOptions options, TimeSpan patience, CancellationToken cancel)
    {
        var probes = await Task.WhenAll(addresses.Select(address => ProbeAsync(address, cancel)));
        var gateways = probes.Select(probe => probe.Found).OfType<IPEndPoint>().ToArray();
        if (gateways.Length == 0)
            throw new UnreachableException(
                $"no node answers at {string.Join(", ", probes.Select((probe, i) => $"{addresses[i].Host}:{addresses[i].Port} ({probe.Error})"))}. "
                + "Is a node running (scripts/run)? Name the client gateway of one with --connect HOST:PORT; a node's default port for it is 30000.");

        // No default host: it would read settings files of the current folder and log to the console.
        var host = new HostBuilder()
            .UseOrleansClient(client => client.UseRoomGrains(options, gateways))
            .Build();
        var names = string.Join(", ", gateways.Select(gateway => gateway.ToString()));
        using var greeting = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        greeting.CancelAfter(patience * GreetingShare);
        try
        {
            await host.StartAsync(greeting.Token).WaitAsync(greeting.Token);
            return new ClusterConnection(host, addresses);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            host.Dispose();
            throw new UnreachableException(
                $"something listens at {names}, but it does not answer as a node of the cluster '{options.ClusterId}'. "
                + "Check that this is the node's client gateway (--gateway-port) and not another port, that --cluster-id is the cluster's name, "
                + "and whether the cluster has TLS (--tls-certificate, --tls-key, --tls-authority).");
        }
    }

    /// <summary>Whether any of the addresses still takes connections.</summary>
    public async Task<bool> ListensAsync(CancellationToken cancel) =>
        (await Task.WhenAll(_addresses.Select(address => ProbeAsync(address, cancel)))).Any(probe => probe.Found is not null);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private static async Task<(IPEndPoint? Found, string Error)> ProbeAsync(DnsEndPoint address, CancellationToken cancel)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(address, timeout.Token);
            var found = (IPEndPoint)socket.RemoteEndPoint!;
            return (found.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(found.Address.MapToIPv4(), found.Port) : found, "");
        }
        catch (SocketException e)
        {
            return (null, e.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "connection refused",
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "no such host",
                SocketError.HostUnreachable or SocketError.NetworkUnreachable => "no route to it",
                _ => e.Message,
            });
        }
        catch (OperationCanceledException)
        {
            return (null, "no answer");
        }
    }
}
