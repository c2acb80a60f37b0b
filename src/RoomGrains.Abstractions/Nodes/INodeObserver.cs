using System.Collections.Immutable;
using Orleans.Concurrency;

namespace RoomGrains;

/// <summary>How grains reach a node: one observer for each node, never one for each client, so that grain traffic grows with servers and not with viewers.</summary>
[Alias("RoomGrains.INodeObserver")]
public interface INodeObserver : IGrainObserver
{
    /// <summary>End these members' connections. It comes again while they are reported.</summary>
    /// <param name="room">The room they sit in.</param>
    /// <param name="connections">Whose connections.</param>
    /// <param name="reason">What they are told.</param>
    [Alias("Disconnect"), OneWay]
    Task Disconnect(RoomKey room, ImmutableArray<ConnectionId> connections, string reason);

    /// <summary>A publication has been taken over by a newer one: its publisher's connection ends, its players stay.</summary>
    /// <param name="stream">The stream that both publish.</param>
    /// <param name="epoch">The epoch of the newer publication: every one with a lower epoch has ended. It may come more than once.</param>
    [Alias("Superseded"), OneWay]
    Task Superseded(StreamKey stream, long epoch);

    /// <summary>
    /// A room came up, perhaps because it lost its memory, and asks who is in it: report now. Report also when nobody is: the room gives
    /// away no seat until all nodes have answered, or two seconds have passed.
    /// </summary>
    [Alias("ReportNow"), OneWay]
    Task ReportNow(RoomKey room);

    /// <summary>A room's streams are published elsewhere than before. It may come late or more than once: the version tells.</summary>
    [Alias("Routes"), OneWay]
    Task Routes(RoomRoutes routes);

    /// <summary>A shared object that members of this node use has been changed. It may come late, out of order, or more than once: the stamp tells.</summary>
    [Alias("SharedObject"), OneWay]
    Task SharedObject(SharedObjectUpdate update);

    /// <summary>Call clients of this node. Where an answer is expected, it comes by <see cref="IRoomGrain.AnswerCall"/>.</summary>
    [Alias("Call"), OneWay]
    Task Call(ClientCall call);

    /// <summary>Leave the cluster, as <see cref="IClusterGrain.DrainNode"/> says.</summary>
    /// <param name="within">How long it may take.</param>
    [Alias("Drain"), OneWay]
    Task Drain(TimeSpan within);
}
