using System.Collections.Immutable;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Grains.Objects;

/// <summary>A shared object that the server keeps: its slots are what they should be, and who follows it is told the difference.</summary>
internal sealed class KeptObject(SharedObjectKey key, int maxSlots, TimeProvider clock)
{
    private readonly SharedObjectFeed _feed = new(key, clock);
    private Dictionary<string, KeptSlot> _slots = new(StringComparer.Ordinal);
    private long _version;

    /// <summary>Whether anybody follows it: else nothing needs to be kept.</summary>
    public bool IsFollowed => !_feed.IsEmpty;

    /// <summary>Makes the slots what they should be. Beyond the limit of slots the others are left out.</summary>
    public void Keep(IEnumerable<KeyValuePair<string, KeptSlot>> slots)
    {
        var changes = ImmutableArray.CreateBuilder<SharedObjectChange>();
        var kept = new Dictionary<string, KeptSlot>(_slots.Count, StringComparer.Ordinal);
        foreach (var (name, slot) in slots.Take(maxSlots))
        {
            kept[name] = slot;
            if (!_slots.TryGetValue(name, out var old) || !old.Equals(slot))
                changes.Add(SharedObjectChange.Set(name, slot.Value));
        }
        foreach (var name in _slots.Keys)
            if (!kept.ContainsKey(name))
                changes.Add(SharedObjectChange.Remove(name));
        _slots = kept;
        if (changes.Count > 0)
            _feed.Tell(new SharedObjectBatch(null, ++_version, changes.DrainToImmutable()));
    }

    /// <summary>Calls a handler at everybody who follows it.</summary>
    public void Send(ConnectionId origin, string handler, AmfValue argument) =>
        _feed.Tell(new SharedObjectBatch(origin, _version, [SharedObjectChange.Send(handler, argument)]));

    public SharedObjectContents Follow(SharedObjectUse use) => new()
    {
        Stamp = _feed.Follow(use),
        Version = _version,
        Slots = [.. _slots.Select(slot => new SharedObjectSlot(slot.Key, slot.Value.Value))],
    };

    public SharedObjectStamp Renew(SharedObjectUse use) => _feed.Follow(use);

    public void Leave(string node) => _feed.Leave(node);

    public void Expire() => _feed.Expire();
}

/// <summary>What a slot should say. Two that are equal say the same, so that nobody is told anew.</summary>
internal abstract record KeptSlot
{
    /// <summary>The slot's value.</summary>
    public abstract AmfValue Value { get; }
}
