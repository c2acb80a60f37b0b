using System.Collections.Immutable;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.SharedObjects;

namespace RoomGrains.Gateway.Objects;

/// <summary>What the grains say of a shared object, as clients are told it (RTMP 1.0 §7.1.3; the order of events is that of Red5 and Flash Media Server).</summary>
internal static class ObjectMessages
{
    /// <summary>All of it: what was known before is forgotten.</summary>
    /// <param name="name">The object's name.</param>
    /// <param name="contents">What it is.</param>
    /// <param name="used">Whether the receiver has just asked to use it.</param>
    public static SharedObjectMessage Whole(string name, SharedObjectContents contents, bool used)
    {
        var events = ImmutableArray.CreateBuilder<SharedObjectEvent>(contents.Slots.Length + 2);
        if (used)
            events.Add(SharedObjectEvent.Of(SharedObjectEventType.UseSuccess));
        events.Add(SharedObjectEvent.Of(SharedObjectEventType.Clear));
        foreach (var slot in contents.Slots)
            events.Add(SharedObjectEvent.Change(slot.Name, slot.Value));
        return new SharedObjectMessage(name, unchecked((uint)contents.Version), contents.Persistent, events.DrainToImmutable());
    }

    /// <summary>What was done to it.</summary>
    /// <param name="update">What was done, by whom.</param>
    /// <param name="persistent">Whether the object is persistent.</param>
    /// <param name="receiver">Who made some of the changes himself, and is told that they were made; null: somebody who made none.</param>
    /// <param name="proxied">Whether the receiver must be told the values of its own changes, too, see <see cref="SharedObjectMessage.IsProxied"/>.</param>
    public static SharedObjectMessage Changes(SharedObjectUpdate update, bool persistent, ConnectionId? receiver, bool proxied = false)
    {
        var events = ImmutableArray.CreateBuilder<SharedObjectEvent>();
        foreach (var batch in update.Batches)
            foreach (var change in batch.Changes)
                events.Add(Event(change, isOwn: receiver is not null && batch.Origin == receiver, proxied));
        return new SharedObjectMessage(update.Key.Name, unchecked((uint)update.Batches[^1].Version), persistent, events.DrainToImmutable());
    }

    /// <summary>What was not done, and what the slots have instead.</summary>
    public static SharedObjectMessage Refused(string name, long version, bool persistent, ImmutableArray<SharedObjectRefusal> refused)
    {
        var events = ImmutableArray.CreateBuilder<SharedObjectEvent>();
        events.Add(SharedObjectEvent.Status(StatusCodes.SharedObject.NoWriteAccess, StatusLevel.Error));
        foreach (var refusal in refused)
            if (refusal.Change.Kind is SharedObjectChangeKind.Set or SharedObjectChangeKind.Remove)
                events.Add(refusal.Value.IsNothing ? SharedObjectEvent.Remove(refusal.Change.Name) : SharedObjectEvent.Change(refusal.Change.Name, refusal.Value));
        return new SharedObjectMessage(name, unchecked((uint)version), persistent, events.DrainToImmutable());
    }

    /// <summary>That something went wrong.</summary>
    public static SharedObjectMessage Status(string name, bool persistent, string code) => new(name, 0, persistent, [SharedObjectEvent.Status(code, StatusLevel.Error)]);

    /// <summary>Whether some of what was done makes a message of its own for who did it.</summary>
    public static bool IsOwn(SharedObjectBatch batch) => batch.Origin is not null && batch.Changes.Any(change => change.Kind == SharedObjectChangeKind.Set);

    private static SharedObjectEvent Event(SharedObjectChange change, bool isOwn, bool proxied) => change.Kind switch
    {
        SharedObjectChangeKind.Set when isOwn && proxied => SharedObjectEvent.ChangeEcho(change.Name, change.Value),
        SharedObjectChangeKind.Set when isOwn => SharedObjectEvent.Success(change.Name),
        SharedObjectChangeKind.Set => SharedObjectEvent.Change(change.Name, change.Value),
        SharedObjectChangeKind.Remove => SharedObjectEvent.Remove(change.Name),
        SharedObjectChangeKind.Clear => SharedObjectEvent.Of(SharedObjectEventType.Clear),
        _ => SharedObjectEvent.Send(change.Name, change.Values.AsSpan()),
    };
}
