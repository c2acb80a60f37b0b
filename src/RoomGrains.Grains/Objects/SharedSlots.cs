using System.Collections.Immutable;
using RoomGrains.Hosting;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Grains.Objects;

/// <summary>The slots of a shared object, and the limits on what clients put there.</summary>
internal sealed class SharedSlots(string name, SharedObjectOptions limits)
{
    /// <summary>The most characters of a slot's or handler's name. Names are sent with every change.</summary>
    private const int MaxName = 255;

    /// <summary>What a slot costs beside name and value: its frame in a message.</summary>
    private const int SlotOverhead = 8;

    private readonly Dictionary<string, (AmfValue Value, int Bytes)> _slots = new(StringComparer.Ordinal);
    private int _bytes;

    /// <summary>Counts the batches that have changed or sent something.</summary>
    public long Version { get; private set; }

    public int Count => _slots.Count;

    /// <summary>Who may change what.</summary>
    public ObjectRules Rules { get; set; } = ObjectRules.None;

    public ImmutableArray<SharedObjectSlot> Slots => [.. _slots.Select(s => new SharedObjectSlot(s.Key, s.Value.Value))];

    public AmfValue this[string slot] => _slots.GetValueOrDefault(slot).Value;

    /// <summary>Takes what was kept.</summary>
    public void Load(long version, ImmutableArray<SharedObjectSlot> slots)
    {
        Version = version;
        foreach (var slot in slots)
            Put(slot.Name, slot.Value, Amf0.Encode(slot.Value).Length);
    }

    /// <summary>One batch: its changes are one version. Those that are not allowed are left out.</summary>
    /// <returns>What was done.</returns>
    public SharedObjectBatch Apply(ConnectionId? origin, MemberRole role, IEnumerable<SharedObjectChange> changes, ICollection<SharedObjectRefusal> refused)
    {
        var done = ImmutableArray.CreateBuilder<SharedObjectChange>();
        foreach (var change in changes)
        {
            var refusal = (origin is null ? null : Rules.Write(name, change, role, _slots.Keys)) ?? Do(change, done);
            if (refusal is not null)
                refused.Add(new SharedObjectRefusal(change, refusal, this[change.Name]));
        }
        if (done.Any(c => c.Kind != SharedObjectChangeKind.Send))
            Version++;
        return new SharedObjectBatch(origin, Version, done.DrainToImmutable());
    }

    private Refusal? Do(SharedObjectChange change, ImmutableArray<SharedObjectChange>.Builder done)
    {
        // Also where a slot is to be removed: every subscriber would be sent the name.
        if (change.Kind != SharedObjectChangeKind.Clear && (change.Name.Length is 0 or > MaxName || change.Name.Any(char.IsControl)))
            return new Refusal(RefusalCode.InvalidName, $"A slot or handler of {name} has a name of 1 to {MaxName} characters, none of them a control character.");
        switch (change.Kind)
        {
            case SharedObjectChangeKind.Clear:
                _bytes = 0;
                _slots.Clear();
                break;
            case SharedObjectChangeKind.Remove:
                // Told also where there is none: who asked waits for the word.
                Take(change.Name);
                break;
            case SharedObjectChangeKind.Set or SharedObjectChangeKind.Send:
                if (Measure(change.Values) is not { } bytes)
                    return new Refusal(RefusalCode.ObjectLimit, $"A value in {name} is longer than {limits.MaxSlotBytes} bytes (SharedObjects:MaxSlotBytes).");
                if (change.Kind == SharedObjectChangeKind.Set && Refuse(change.Name, bytes) is { } refusal)
                    return refusal;
                if (change.Kind == SharedObjectChangeKind.Set)
                    Put(change.Name, change.Value, bytes);
                break;
        }
        done.Add(change);
        return null;
    }

    private Refusal? Refuse(string slot, int bytes)
    {
        var known = _slots.TryGetValue(slot, out var old);
        if (!known && _slots.Count >= limits.MaxSlots)
            return new Refusal(RefusalCode.ObjectLimit, $"The object {name} has {limits.MaxSlots} slots, and may have no more (SharedObjects:MaxSlots).");
        var after = _bytes + Cost(slot, bytes) - (known ? Cost(slot, old.Bytes) : 0);
        return after <= limits.MaxObjectBytes ? null
            : new Refusal(RefusalCode.ObjectLimit, $"The object {name} would have {after} bytes, and may have {limits.MaxObjectBytes} (SharedObjects:MaxObjectBytes).");
    }

    /// <summary>The bytes of values as they are sent; null when they are more than a slot may have.</summary>
    private int? Measure(ImmutableArray<AmfValue> values)
    {
        try
        {
            var bytes = 0;
            foreach (var value in values)
                bytes += Amf0.Encode(value, limits.MaxSlotBytes).Length;
            return bytes <= limits.MaxSlotBytes ? bytes : null;
        }
        catch (RtmpProtocolException)
        {
            return null;
        }
    }

    private void Put(string slot, AmfValue value, int bytes)
    {
        Take(slot);
        _slots[slot] = (value, bytes);
        _bytes += Cost(slot, bytes);
    }

    private void Take(string slot)
    {
        if (_slots.Remove(slot, out var old))
            _bytes -= Cost(slot, old.Bytes);
    }

    private static int Cost(string slot, int bytes) => System.Text.Encoding.UTF8.GetByteCount(slot) + bytes + SlotOverhead;
}
