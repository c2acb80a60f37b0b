using System.Collections.Immutable;
using RoomGrains.Gateway.Draining;
using RoomGrains.Gateway.Objects;
using RoomGrains.Gateway.Sessions;

namespace RoomGrains.Gateway.Presence;

/// <summary>What grains tell this node: who must leave, which publication is over, which room wants to know who is in it.</summary>
internal sealed class NodeObserver(SessionRegistry sessions, RoomPresence presence, LocalObjects objects, Drainer drainer) : INodeObserver
{
    public Task Disconnect(RoomKey room, ImmutableArray<ConnectionId> connections, string reason)
    {
        foreach (var id in connections)
            sessions.Find(id)?.Disconnect(EndReason.Disconnected, reason);
        return Task.CompletedTask;
    }

    public Task Superseded(StreamKey stream, long epoch)
    {
        if (presence.FindStream(stream) is { } published)
            sessions.Find(published.Publisher)?.Supersede(stream, epoch);
        return Task.CompletedTask;
    }

    public Task ReportNow(RoomKey room) => presence.ReportAsync(room);

    public Task Routes(RoomRoutes routes)
    {
        presence.Learn(routes);
        return Task.CompletedTask;
    }

    public Task SharedObject(SharedObjectUpdate update)
    {
        objects.Apply(update);
        return Task.CompletedTask;
    }

    public Task Call(ClientCall call)
    {
        foreach (var id in call.Member is { } one ? [one] : presence.Clients(call.Room))
            sessions.Find(id)?.CallClient(call);
        return Task.CompletedTask;
    }

    public Task Drain(TimeSpan within)
    {
        // It takes as long as it takes; the caller wants no answer, and later calls must get through.
        _ = drainer.DrainAndStopAsync(within > TimeSpan.Zero ? within : TimeSpan.Zero);
        return Task.CompletedTask;
    }
}
