using RoomGrains.Grains.Objects;

namespace RoomGrains.Grains.Rooms;

/// <summary>
/// The shared objects that every room has, <see cref="SharedObjectNames"/>: the roster that the seed's rooms fetched from their master, live. They are
/// made from what the room knows when somebody follows them, and cost nothing where nobody does.
/// </summary>
internal sealed class RoomRoster(RoomKey room, int maxSlots, TimeProvider clock)
{
    private readonly Dictionary<string, KeptObject> _objects = new(StringComparer.Ordinal);

    /// <summary>Whether anybody follows any of them.</summary>
    public bool IsFollowed => _objects.Values.Any(o => o.IsFollowed);

    /// <summary>Somebody follows one. Its slots must be made what they should be (<see cref="Keep"/>) before.</summary>
    public SharedObjectContents Follow(SharedObjectUse use) => Object(use.Name).Follow(use);

    public SharedObjectStamp Renew(SharedObjectUse use) => Object(use.Name).Renew(use);

    public void Leave(string name, string node) => _objects.GetValueOrDefault(name)?.Leave(node);

    public void Expire()
    {
        foreach (var kept in _objects.Values)
            kept.Expire();
    }

    /// <summary>A line of chat, for all who follow the room.</summary>
    public void Say(ChatLine line) => _objects.GetValueOrDefault(SharedObjectNames.Room)?.Send(line.From, SharedObjectNames.Said, line.ToAmf());

    /// <summary>Brings those that are followed, and one that is about to be, to what is true now.</summary>
    public void Keep(RoomDetails details, string? about = null)
    {
        if (Wanted(SharedObjectNames.Members) is { } members)
            members.Keep(details.Members.Select(m => Slot(m.Id.Value, MemberSlot.Of(m, details.Streams))));
        if (Wanted(SharedObjectNames.Streams) is { } streams)
            streams.Keep(details.Streams.Select(s => Slot(s.Name, StreamSlot.Of(s))));
        if (Wanted(SharedObjectNames.Room) is { } room)
            room.Keep(Room(details));
        if (Wanted(SharedObjectNames.Waiting) is { } waiting)
            waiting.Keep(details.Waiting.Select(guest => Slot(guest.Id.Value, PendingSlot.Of(guest))));

        KeptObject? Wanted(string name) => name == about ? Object(name) : _objects.GetValueOrDefault(name) is { IsFollowed: true } followed ? followed : null;
    }

    private IEnumerable<KeyValuePair<string, KeptSlot>> Room(RoomDetails details) =>
    [
        Slot("name", new PlainSlot(room.Room)),
        Slot("application", new PlainSlot(room.Application)),
        Slot("title", new PlainSlot(details.Settings.Title)),
        Slot("capacity", new PlainSlot(details.Settings.Capacity)),
        Slot("members", new PlainSlot(details.Summary.Members)),
        Slot("streams", new PlainSlot(details.Summary.Streams)),
        Slot("waitingRoom", new PlainSlot(details.Settings.WaitingRoom)),
        Slot("locked", new PlainSlot(details.Settings.Locked)),
        Slot("waiting", new PlainSlot(details.Waiting.Length)),
    ];

    private static KeyValuePair<string, KeptSlot> Slot(string name, KeptSlot slot) => new(name, slot);

    private KeptObject Object(string name)
    {
        if (!_objects.TryGetValue(name, out var kept))
            _objects[name] = kept = new KeptObject(new SharedObjectKey(room, name), maxSlots, clock);
        return kept;
    }
}
