using System.Collections.Concurrent;
using System.Collections.Immutable;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

/// <summary>A node as the grains see it: it reports members and streams, and notes what it is told.</summary>
internal sealed class FakeNode : INodeObserver
{
    private readonly IGrainFactory _grains;
    private readonly Lock _gate = new();
    private long _sequence;
    private int _announced;

    public FakeNode(IGrainFactory grains, string name)
    {
        (_grains, Name) = (grains, name);
        Observer = grains.CreateObjectReference<INodeObserver>(this);
    }

    public string Name { get; }

    public INodeObserver Observer { get; }

    /// <summary>Whether it answers a room that asks who is in it.</summary>
    public bool Answers { get; set; } = true;

    public ConcurrentDictionary<RoomKey, ImmutableArray<Member>> Members { get; } = new();

    public ConcurrentDictionary<RoomKey, ImmutableArray<StreamInfo>> Streams { get; } = new();

    public ConcurrentQueue<(RoomKey Room, ConnectionId Connection, string Reason)> Disconnects { get; } = new();

    public ConcurrentQueue<(StreamKey Stream, long Epoch)> Takeovers { get; } = new();

    public ConcurrentQueue<RoomKey> Asked { get; } = new();

    public Member Sit(RoomKey room, ConnectionId? id = null, string service = "")
    {
        var member = new Member { Id = id ?? ConnectionId.New(), Node = Name, Service = service };
        lock (_gate)
            Members[room] = Members.GetValueOrDefault(room, []).Add(member);
        return member;
    }

    public void Publish(RoomKey room, StreamInfo stream)
    {
        lock (_gate)
            Streams[room] = Streams.GetValueOrDefault(room, []).Add(stream);
    }

    /// <summary>A member leaves, and what it publishes ends.</summary>
    public void Leave(RoomKey room, ConnectionId id)
    {
        lock (_gate)
        {
            Members[room] = Members.GetValueOrDefault(room, []).RemoveAll(m => m.Id == id);
            Streams[room] = Streams.GetValueOrDefault(room, []).RemoveAll(s => s.Publisher == id);
        }
    }

    /// <summary>Reports itself to the cluster; returns when the cluster grain has it.</summary>
    public async Task Register()
    {
        await Announce();
        var announced = _announced;
        await Until.True(async () => (await _grains.GetCluster().ListNodes()).Any(n => n.Name == Name && n.Clients >= announced), $"{Name} is known");
    }

    /// <summary>Reports itself to the cluster as a node does: it does not hear whether that was heard.</summary>
    public Task Announce() => _grains.GetCluster().ReportNode(Load with { Name = Name, Clients = ++_announced, SiloAddress = SiloAddress }, Observer);

    /// <summary>What else it says of itself.</summary>
    public NodeReport Load { get; set; } = new() { Name = "" };

    /// <summary>The silo that it says it is; a test gives one that it kills.</summary>
    public string SiloAddress { get; set; } = "";

    public string RelayAddress => $"{Name}.example:1935";

    /// <summary>The version of the routes that it says it has.</summary>
    public long RoutesVersion { get; set; }

    public Task<RoomRoutes> Report(RoomKey room)
    {
        NodePresence presence;
        // A later number is a later look.
        lock (_gate)
            presence = new NodePresence
            {
                Node = Name,
                Sequence = ++_sequence,
                Members = Members.GetValueOrDefault(room, []),
                Streams = Streams.GetValueOrDefault(room, []),
                Observer = Observer,
                SiloAddress = SiloAddress,
                RelayAddress = RelayAddress,
                RoutesVersion = RoutesVersion,
            };
        return _grains.GetRoom(room).Report(presence);
    }

    public Task Disconnect(RoomKey room, ImmutableArray<ConnectionId> connections, string reason)
    {
        foreach (var connection in connections)
            Disconnects.Enqueue((room, connection, reason));
        return Task.CompletedTask;
    }

    public Task Superseded(StreamKey stream, long epoch)
    {
        Takeovers.Enqueue((stream, epoch));
        return Task.CompletedTask;
    }

    public Task ReportNow(RoomKey room)
    {
        Asked.Enqueue(room);
        return Answers ? Report(room) : Task.CompletedTask;
    }

    public ConcurrentQueue<RoomRoutes> Routed { get; } = new();

    public ConcurrentQueue<TimeSpan> Drains { get; } = new();

    public Task Routes(RoomRoutes routes)
    {
        Routed.Enqueue(routes);
        return Task.CompletedTask;
    }

    private readonly ConcurrentQueue<SharedObjectUpdate> _updates = new();

    /// <summary>What it was told of shared objects, in the order of their updates: one-way messages pass each other, and nodes put them in order.</summary>
    public IReadOnlyCollection<SharedObjectUpdate> Updates => [.. _updates.OrderBy(update => update.Stamp.Sequence)];

    public ConcurrentQueue<ClientCall> Calls { get; } = new();

    public Task SharedObject(SharedObjectUpdate update)
    {
        _updates.Enqueue(update);
        return Task.CompletedTask;
    }

    public Task Call(ClientCall call)
    {
        Calls.Enqueue(call);
        return Task.CompletedTask;
    }

    public Task Drain(TimeSpan within)
    {
        Drains.Enqueue(within);
        return Task.CompletedTask;
    }
}
