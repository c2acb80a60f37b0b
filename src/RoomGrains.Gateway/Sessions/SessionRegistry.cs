using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Options;

namespace RoomGrains.Gateway.Sessions;

/// <summary>The sessions of this node, and the limits on how many there may be.</summary>
internal sealed class SessionRegistry(IOptions<GatewayOptions> options, GatewayMetrics metrics)
{
    private readonly ConcurrentDictionary<ConnectionId, RtmpSession> _sessions = new();
    private readonly ConcurrentDictionary<IPAddress, int> _unadmitted = new();
    private int _connections;

    /// <summary>The sessions now.</summary>
    public ICollection<RtmpSession> Sessions => _sessions.Values;

    /// <summary>How many there are.</summary>
    public int Count => _sessions.Count;

    /// <summary>Takes a place for a connection that has just been accepted; false, and counted, when a limit is reached.</summary>
    public bool TryEnter(IPAddress address)
    {
        if (Interlocked.Increment(ref _connections) > options.Value.MaxConnections)
        {
            Interlocked.Decrement(ref _connections);
            metrics.Refused("connections");
            return false;
        }
        if (_unadmitted.AddOrUpdate(address, 1, (_, count) => count + 1) > options.Value.MaxUnadmittedPerAddress)
        {
            Admitted(address);
            Interlocked.Decrement(ref _connections);
            metrics.Refused("unadmitted-per-address");
            return false;
        }
        metrics.ConnectionOpened();
        return true;
    }

    /// <summary>The connection is admitted, or ended before: it no longer counts against its address.</summary>
    public void Admitted(IPAddress address)
    {
        var left = _unadmitted.AddOrUpdate(address, 0, (_, count) => count - 1);
        if (left == 0)
            _unadmitted.TryRemove(new KeyValuePair<IPAddress, int>(address, 0));
    }

    /// <summary>Gives the place of a connection back.</summary>
    public void Leave()
    {
        Interlocked.Decrement(ref _connections);
        metrics.ConnectionClosed();
    }

    /// <summary>The session of a connection; null when it is not on this node.</summary>
    public RtmpSession? Find(ConnectionId id) => _sessions.GetValueOrDefault(id);

    public void Add(RtmpSession session) => _sessions[session.Id] = session;

    public void Remove(RtmpSession session) => _sessions.TryRemove(session.Id, out _);
}
