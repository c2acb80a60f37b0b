using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RoomGrains.Gateway.Admission;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Objects;
using RoomGrains.Gateway.Presence;
using RoomGrains.Gateway.Relay;
using RoomGrains.Hosting;
using RoomGrains.Media;

namespace RoomGrains.Gateway.Sessions;

/// <summary>What every session of this node uses.</summary>
internal sealed record SessionServices(
    NodeIdentity Node, SessionRegistry Sessions, AdmissionClient Admission, StreamRights Rights, RoomPresence Presence, RelayService Relays, TicketSigner Tickets,
    LocalObjects Objects, IGrainFactory Grains, StreamHub Hub, WritePacers Pacers,
    IOptions<GatewayOptions> GatewayOptions, IOptions<StreamOptions> StreamOptions, GatewayMetrics Metrics, TimeProvider Time, ILogger<RtmpSession> Logger)
{
    public GatewayOptions Options => GatewayOptions.Value;

    /// <summary>The chunk size we announce to every client: one for all, so that one encoding serves all.</summary>
    public int ChunkSize => StreamOptions.Value.ChunkSize;
}
