using Orleans.Concurrency;
using System.Collections.Immutable;

namespace RoomGrains;

/// <summary>Hears of what happens in a room: implement it, make a reference with <c>CreateObjectReference</c>, and give that to <see cref="IRoomGrain.Watch"/>.</summary>
[Alias("RoomGrains.IRoomObserver")]
public interface IRoomObserver : IGrainObserver
{
    /// <summary>Something happened; what happened at once comes in one call, in its order.</summary>
    [Alias("OnEvents"), OneWay]
    Task OnEvents(RoomKey room, ImmutableArray<RoomEvent> events);
}

/// <summary>What happened in a room.</summary>
public enum RoomEventKind
{
    /// <summary>A connection has got a seat.</summary>
    MemberJoined = 1,
    /// <summary>A member has left, was put out, or its node is gone.</summary>
    MemberLeft = 2,
    /// <summary>A stream is published, or published from elsewhere than before.</summary>
    StreamStarted = 3,
    /// <summary>A stream is not published any more.</summary>
    StreamEnded = 4,
    /// <summary>The room's settings have changed.</summary>
    SettingsChanged = 5,
    /// <summary>The room has been closed.</summary>
    Closed = 6,
    /// <summary>A member is muted, or in another way than before, or no more: see <see cref="Member.Muted"/>.</summary>
    MemberMuted = 7,
    /// <summary>Somebody waits for an approval.</summary>
    GuestWaits = 8,
    /// <summary>Somebody waits no more: approved, rejected, or gone.</summary>
    GuestDecided = 9,
}

/// <summary>Something that happened in a room.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.RoomEvent")]
public sealed record RoomEvent
{
    /// <summary>What happened.</summary>
    [Id(0)] public required RoomEventKind Kind { get; init; }
    /// <summary>When, by the room's clock (UTC).</summary>
    [Id(1)] public required DateTimeOffset At { get; init; }
    /// <summary>Who joined or left; else null.</summary>
    [Id(2)] public Member? Member { get; init; }
    /// <summary>Which stream started or ended; else null.</summary>
    [Id(3)] public StreamInfo? Stream { get; init; }
    /// <summary>The new settings; else null.</summary>
    [Id(4)] public EffectiveRoomSettings? Settings { get; init; }
    /// <summary>Who waits, or waits no more; else null.</summary>
    [Id(5)] public PendingSummary? Guest { get; init; }
}
