using System.Net;
using RoomGrains.Hosting;
using RoomGrains.Rtmp.Client;

namespace RoomGrains.Workers.Streams;

/// <summary>
/// The way to the streams of this cluster: this node's own gateway, as a member of the room that takes no seat. The gateway pulls what is published elsewhere.
/// </summary>
internal sealed class GatewayLink(WorkerHome home, TicketSigner tickets, TimeProvider time)
{
    /// <summary>From the connection to its answer. The gateway is in this process: it answers at once, or something is wrong.</summary>
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(15);

    /// <summary>Connects to a room.</summary>
    /// <param name="room">The room.</param>
    /// <param name="service">What the job does there, for those who look who is in the room.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RtmpRejectedException">The room refuses.</exception>
    /// <exception cref="IOException">The connection failed, or there was no answer in time.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The gateway does not listen.</exception>
    public async Task<RtmpClient> ConnectAsync(RoomKey room, string service, CancellationToken cancellationToken)
    {
        var gateway = home.Gateway();
        // An address that means all of the machine's is reached on its loopback.
        var address = gateway.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : gateway.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : gateway.Address;
        var ticket = tickets.Sign(new Ticket
        {
            Purpose = TicketPurpose.Guest,
            Room = room,
            Node = home.Node,
            Expires = time.GetUtcNow() + TicketUrl.GuestLife,
            Approved = true,
            Service = service,
        });
        using var limit = new CancellationTokenSource(ConnectTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var transport = await RtmpTransport.ConnectAsync([address], gateway.Port, secureHost: null, either.Token).ConfigureAwait(false);
            return await RtmpClient.ConnectAsync(transport, new RtmpClientOptions
            {
                App = $"{room}?{TicketUrl.Parameter}={ticket}",
                TcUrl = $"rtmp://{new IPEndPoint(address, gateway.Port)}/{room}",
                FlashVersion = $"RoomGrains {service}",
            }, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"The gateway of this node did not answer within {ConnectTime.TotalSeconds:0} s.");
        }
    }
}
