using System.Collections.Immutable;

namespace RoomGrains.Grains.Rooms;

/// <summary>
/// Where a room's streams are published and who is muted, as its nodes are told. Versions are the time in ticks, or one more than the last where that is higher:
/// so they rise also across a room that lost its memory on a silo whose clock is behind, since the versions that nodes have are counted in.
/// </summary>
internal sealed class RouteTable
{
    private long _heard;

    public RouteTable(RoomKey room, DateTimeOffset now) => Current = new RoomRoutes(room, now.UtcTicks, []);

    public RoomRoutes Current { get; private set; }

    /// <summary>What a node is told that needs no routes, and while the room does not know them: no node takes it for news.</summary>
    public static RoomRoutes None(RoomKey room) => new(room, 0, []);

    /// <summary>Takes what is published and who is muted now. True when nodes must hear of it.</summary>
    public bool Update(IEnumerable<StreamRoute> streams, ImmutableArray<MemberMute> mutes, DateTimeOffset now)
    {
        var routes = streams.ToImmutableArray();
        if (_heard <= Current.Version && routes.AsSpan().SequenceEqual(Current.Streams.AsSpan()) && mutes.AsSpan().SequenceEqual(Current.Mutes.AsSpan()))
            return false;
        Current = Current with { Version = Math.Max(now.UtcTicks, Math.Max(Current.Version, _heard) + 1), Streams = routes, Mutes = mutes };
        return true;
    }

    /// <summary>A node has routes of this version. Where it is higher than ours, the next update goes beyond it: nodes would not take ours for news.</summary>
    public void Heard(long version) => _heard = Math.Max(_heard, version);
}
