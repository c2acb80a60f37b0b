using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Options;
using RoomGrains.Gateway.Connections;

namespace RoomGrains.Gateway.Sessions;

/// <summary>The sessions of this node, and the limits on how many there may be.</summary>
internal sealed class SessionRegistry(IOptions<GatewayOptions> options, GatewayMetrics metrics)
{
    private readonly ConcurrentDictionary<ConnectionId, RtmpSession> _sessions = new();
    private readonly ConcurrentDictionary<IPAddress, int> _unadmitted = new();
    private int _connections;
    private int _reserved;

    /// <summary>The sessions now.</summary>
    public ICollection<RtmpSession> Sessions => _sessions.Values;

    /// <summary>How many there are.</summary>
    public int Count => _sessions.Count;

    /// <summary>Takes a place for a connection that has just been accepted; null, and counted, when a limit is reached.</summary>
    /// <remarks>One from this machine may have a place that is kept for media jobs.</remarks>
    public Place? TryEnter(ClientConnection connection)
    {
        var address = connection.RemoteAddress.Address;
        var place = TryTake(ref _connections, options.Value.MaxConnections) ? Place.Usual
            : connection.IsOwn && TryTake(ref _reserved, options.Value.ServiceConnections) ? Place.Reserved
            : (Place?)null;
        if (place is not { } taken)
        {
            metrics.Refused("connections");
            return null;
        }
        if (_unadmitted.AddOrUpdate(address, 1, (_, count) => count + 1) > options.Value.MaxUnadmittedPerAddress)
        {
            Admitted(address);
            Free(taken);
            metrics.Refused("unadmitted-per-address");
            return null;
        }
        metrics.ConnectionOpened();
        return place;
    }

    /// <summary>A connection that had one of the kept places is none that they are kept for: it is refused.</summary>
    public void NotReserved() => metrics.Refused("connections");

    /// <summary>The connection is admitted, or ended before: it no longer counts against its address.</summary>
    public void Admitted(IPAddress address)
    {
        var left = _unadmitted.AddOrUpdate(address, 0, (_, count) => count - 1);
        if (left == 0)
            _unadmitted.TryRemove(new KeyValuePair<IPAddress, int>(address, 0));
    }

    /// <summary>Gives the place of a connection back.</summary>
    public void Leave(Place place)
    {
        Free(place);
        metrics.ConnectionClosed();
    }

    /// <summary>The session of a connection; null when it is not on this node.</summary>
    public RtmpSession? Find(ConnectionId id) => _sessions.GetValueOrDefault(id);

    public void Add(RtmpSession session) => _sessions[session.Id] = session;

    public void Remove(RtmpSession session) => _sessions.TryRemove(session.Id, out _);

    private static bool TryTake(ref int taken, int most)
    {
        if (Interlocked.Increment(ref taken) <= most)
            return true;
        Interlocked.Decrement(ref taken);
        return false;
    }

    private void Free(Place place)
    {
        if (place == Place.Reserved)
            Interlocked.Decrement(ref _reserved);
        else
            Interlocked.Decrement(ref _connections);
    }
}

/// <summary>What a connection counts against.</summary>
internal enum Place
{
    /// <summary><see cref="GatewayOptions.MaxConnections"/>.</summary>
    Usual,
    /// <summary><see cref="GatewayOptions.ServiceConnections"/>.</summary>
    Reserved,
}
