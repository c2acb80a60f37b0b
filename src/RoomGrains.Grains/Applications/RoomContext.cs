using System.Collections.Immutable;

namespace RoomGrains.Applications;

/// <summary>The room that a method of a <see cref="RoomApplication"/> is called for.</summary>
public sealed class RoomContext
{
    private readonly Func<IEnumerable<Member>> _members;

    internal RoomContext(RoomKey key, IGrainFactory grains, Func<IEnumerable<Member>> members) => (Key, Grains, _members) = (key, grains, members);

    /// <summary>Its name, and its application's.</summary>
    public RoomKey Key { get; }

    /// <summary>Every grain of the cluster.</summary>
    public IGrainFactory Grains { get; }

    /// <summary>The room itself: kick, mute, ban, call its members. It may be called, and awaited, from every method.</summary>
    public IRoomGrain Room => Grains.GetRoom(Key);

    /// <summary>Who is in it now.</summary>
    public ImmutableArray<Member> Members => [.. _members()];
}
