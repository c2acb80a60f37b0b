using System.Collections.Immutable;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains;

/// <summary>What can be done with a shared object.</summary>
public enum SharedObjectChangeKind
{
    /// <summary>A slot gets a value.</summary>
    Set = 1,
    /// <summary>A slot is removed.</summary>
    Remove = 2,
    /// <summary>All slots are removed.</summary>
    Clear = 3,
    /// <summary>A handler is called at every subscriber. It changes nothing, and nobody who subscribes later hears of it.</summary>
    Send = 4,
}

/// <summary>One thing that is done with a shared object.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.SharedObjectChange")]
public sealed record SharedObjectChange
{
    /// <summary>What is done.</summary>
    [Id(0)] public required SharedObjectChangeKind Kind { get; init; }
    /// <summary>The slot, or the handler of a <see cref="SharedObjectChangeKind.Send"/>.</summary>
    [Id(1)] public string Name { get; init; } = "";
    /// <summary>The slot's value, or the handler's arguments. Nobody may change them any more.</summary>
    [Id(2)] public ImmutableArray<AmfValue> Values { get; init; } = [];

    /// <summary>The slot's value; undefined where there is none.</summary>
    public AmfValue Value => Values.IsEmpty ? default : Values[0];

    /// <summary>Gives a slot a value. Null and undefined remove it.</summary>
    public static SharedObjectChange Set(string slot, AmfValue value) =>
        value.IsNothing ? Remove(slot) : new() { Kind = SharedObjectChangeKind.Set, Name = slot, Values = [value] };

    /// <summary>Removes a slot.</summary>
    public static SharedObjectChange Remove(string slot) => new() { Kind = SharedObjectChangeKind.Remove, Name = slot };

    /// <summary>Removes all slots.</summary>
    public static SharedObjectChange Clear() => new() { Kind = SharedObjectChangeKind.Clear };

    /// <summary>Calls a handler at every subscriber.</summary>
    public static SharedObjectChange Send(string handler, params ImmutableArray<AmfValue> arguments) =>
        new() { Kind = SharedObjectChangeKind.Send, Name = handler, Values = arguments };
}

/// <summary>A slot of a shared object.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.SharedObjectSlot")]
public sealed record SharedObjectSlot([property: Id(0)] string Name, [property: Id(1)] AmfValue Value);

/// <summary>A shared object of a room.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Persistent">Whether it outlives its last subscriber, and restarts.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.SharedObjectInfo")]
public sealed record SharedObjectInfo([property: Id(0)] string Name, [property: Id(1)] bool Persistent);

/// <summary>Where a shared object stands for those who follow it.</summary>
/// <param name="Epoch">Another number when the object comes up anew: what was heard before says nothing any more.</param>
/// <param name="Sequence">Counts the updates of an epoch.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.SharedObjectStamp")]
public sealed record SharedObjectStamp([property: Id(0)] long Epoch, [property: Id(1)] long Sequence);

/// <summary>A shared object as it is now.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.SharedObjectContents")]
public sealed record SharedObjectContents
{
    /// <summary>Where it stands: updates up to this one are in it.</summary>
    [Id(0)] public required SharedObjectStamp Stamp { get; init; }
    /// <summary>Counts the batches of changes.</summary>
    [Id(1)] public long Version { get; init; }
    /// <summary>Whether it outlives its last subscriber, and restarts.</summary>
    [Id(2)] public bool Persistent { get; init; }
    /// <summary>Its slots.</summary>
    [Id(3)] public ImmutableArray<SharedObjectSlot> Slots { get; init; } = [];
}

/// <summary>Changes that somebody made at once.</summary>
/// <param name="Origin">Which member; null: the server.</param>
/// <param name="Version">The object's version after them.</param>
/// <param name="Changes">The changes, in order.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.SharedObjectBatch")]
public sealed record SharedObjectBatch([property: Id(0)] ConnectionId? Origin, [property: Id(1)] long Version, [property: Id(2)] ImmutableArray<SharedObjectChange> Changes);

/// <summary>What a shared object tells the nodes that follow it, once for each node.</summary>
/// <param name="Key">The object.</param>
/// <param name="Stamp">Where it stands after this update: one that is missing before it was lost, or comes later.</param>
/// <param name="Batches">What was done, in order.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.SharedObjectUpdate")]
public sealed record SharedObjectUpdate(
    [property: Id(0)] SharedObjectKey Key, [property: Id(1)] SharedObjectStamp Stamp, [property: Id(2)] ImmutableArray<SharedObjectBatch> Batches);

/// <summary>A change that was not made.</summary>
/// <param name="Change">What was asked.</param>
/// <param name="Refusal">Why not.</param>
/// <param name="Value">What the slot has instead; undefined where there is none.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.SharedObjectRefusal")]
public sealed record SharedObjectRefusal([property: Id(0)] SharedObjectChange Change, [property: Id(1)] Refusal Refusal, [property: Id(2)] AmfValue Value);
