using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace RoomGrains.Gateway;

/// <summary>What the gateway counts. The meter's name is <see cref="MeterName"/>.</summary>
public sealed class GatewayMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "RoomGrains.Gateway";

    private readonly UpDownCounter<long> _connections;
    private readonly UpDownCounter<long> _pending;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _refused;
    private readonly Histogram<double> _verdict;
    private readonly Counter<long> _received;
    private readonly Counter<long> _sent;
    private readonly UpDownCounter<long> _relays;
    private readonly UpDownCounter<long> _relayConnections;
    private readonly Counter<long> _relayReceived;
    private readonly Counter<long> _relayReconnects;
    private readonly Counter<long> _relaysRefused;
    private readonly UpDownCounter<long> _isolated;
    private readonly Counter<long> _requestsRefused;
    private readonly Counter<long> _objectChanges;
    private readonly Counter<long> _objectMessages;
    private readonly Counter<long> _objectResynchronizations;

    /// <summary>Makes the instruments.</summary>
    public GatewayMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _connections = meter.CreateUpDownCounter<long>("roomgrains.connections", "{connection}", "Open RTMP connections.");
        _pending = meter.CreateUpDownCounter<long>("roomgrains.connections.pending", "{connection}", "Connections whose connect has no answer yet.");
        _ended = meter.CreateCounter<long>("roomgrains.sessions.ended", "{session}", "Sessions that ended, by reason.");
        _refused = meter.CreateCounter<long>("roomgrains.connections.refused", "{connection}", "Connections closed at accept, by the limit that was reached.");
        _verdict = meter.CreateHistogram<double>("roomgrains.connections.answered", "s", "From connect to its answer on the wire, by kind of verdict.");
        _received = meter.CreateCounter<long>("roomgrains.received", "By", "Bytes received from clients.");
        _sent = meter.CreateCounter<long>("roomgrains.sent", "By", "Bytes sent to clients.");
        _relays = meter.CreateUpDownCounter<long>("roomgrains.relays", "{relay}", "Streams that this node pulls from other nodes.");
        _relayConnections = meter.CreateUpDownCounter<long>("roomgrains.relays.connections", "{connection}", "Connections to other nodes, by which those streams are pulled.");
        _relayReceived = meter.CreateCounter<long>("roomgrains.relays.received", "By", "Payload bytes of those streams.");
        _relayReconnects = meter.CreateCounter<long>("roomgrains.relays.reconnects", "{relay}", "Relays that were cut and went on.");
        _isolated = meter.CreateUpDownCounter<long>("roomgrains.isolated", "{node}", "1 while this node is cut off from its cluster and takes no clients.");
        _requestsRefused = meter.CreateCounter<long>("roomgrains.requests.refused", "{request}", "What members asked and a limit on each of them refused, by limit.");
        _objectChanges = meter.CreateCounter<long>("roomgrains.shared_objects.changes", "{change}", "Changes of shared objects, and sends, that members asked for.");
        _objectMessages = meter.CreateCounter<long>("roomgrains.shared_objects.sent", "{message}", "Messages of shared objects to members.");
        _objectResynchronizations = meter.CreateCounter<long>("roomgrains.shared_objects.resynchronized", "{object}", "Shared objects that were sent anew as a whole, because they came up anew or something was missed.");
        _relaysRefused = meter.CreateCounter<long>("roomgrains.relays.refused", "{request}", "Requests of nodes, or who said to be one, that were refused, by reason: to connect, or for a stream.");
    }

    internal void Isolated(bool isolated) => _isolated.Add(isolated ? 1 : -1);

    internal void ConnectionOpened() => _connections.Add(1);

    internal void ConnectionClosed() => _connections.Add(-1);

    internal void PendingChanged(int by) => _pending.Add(by);

    internal void Refused(string limit) => _refused.Add(1, new KeyValuePair<string, object?>("limit", limit));

    internal void Ended(SessionEnd end) => _ended.Add(1, new TagList
    {
        { "reason", end.Reason.ToString() },
        { "error.type", end.Error?.ToString() },
    });

    internal void Decided(VerdictKind kind, TimeSpan after) => _verdict.Record(after.TotalSeconds, new KeyValuePair<string, object?>("verdict", kind switch
    {
        VerdictKind.Accept => "accept",
        VerdictKind.Reject => "reject",
        _ => "redirect",
    }));

    internal void RequestRefused(string limit) => _requestsRefused.Add(1, new KeyValuePair<string, object?>("limit", limit));

    internal void ObjectChangesReceived(int count) => _objectChanges.Add(count);

    internal void ObjectMessagesSent(int count) => _objectMessages.Add(count);

    internal void ObjectResynchronized() => _objectResynchronizations.Add(1);

    internal void RelaysChanged(int by) => _relays.Add(by);

    internal void RelayConnectionsChanged(int by) => _relayConnections.Add(by);

    internal void RelayReceived(long bytes) => _relayReceived.Add(bytes);

    internal void RelayReconnected() => _relayReconnects.Add(1);

    internal void RelayRefused(string reason) => _relaysRefused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    internal void Transferred(long received, long sent)
    {
        _received.Add(received);
        _sent.Add(sent);
    }
}
