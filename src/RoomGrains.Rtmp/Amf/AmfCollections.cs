using System.Collections;

namespace RoomGrains.Rtmp.Amf;

/// <summary>Values in order: AMF0's strict array, AMF3's array.</summary>
public sealed class AmfArray : IReadOnlyList<AmfValue>
{
    private readonly List<AmfValue> _items = [];

    /// <summary>
    /// The elements that have names: AMF3's arrays may have both. AMF0 knows no such array; there it is written as Flash does, as an ECMA
    /// array whose first keys are the numbers.
    /// </summary>
    public AmfObject? Named { get; set; }

    /// <summary>The number of values in order.</summary>
    public int Count => _items.Count;

    /// <summary>A value.</summary>
    public AmfValue this[int index]
    {
        get => _items[index];
        set => _items[index] = value;
    }

    /// <summary>Appends a value.</summary>
    public void Add(AmfValue value) => _items.Add(value);

    /// <inheritdoc/>
    public IEnumerator<AmfValue> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc cref="AmfValue.ToString"/>
    public override string ToString() => AmfText.Format(this);
}

/// <summary>AMF3's vector of numbers.</summary>
/// <typeparam name="T"><see cref="int"/>, <see cref="uint"/> or <see cref="double"/>.</typeparam>
/// <param name="Items">The numbers.</param>
/// <param name="IsFixed">Whether ActionScript may not change its length.</param>
public sealed record AmfVector<T>(T[] Items, bool IsFixed = false) where T : unmanaged;

/// <summary>AMF3's vector of values of one class.</summary>
/// <param name="ClassName">The class of the values; <c>*</c> for any.</param>
/// <param name="IsFixed">Whether ActionScript may not change its length.</param>
public sealed class AmfObjectVector(string ClassName, bool IsFixed = false)
{
    /// <summary>The class of the values; <c>*</c> for any. A text to us: nothing is ever made by it.</summary>
    public string ClassName { get; } = ClassName;

    /// <summary>Whether ActionScript may not change its length.</summary>
    public bool IsFixed { get; } = IsFixed;

    /// <summary>The values.</summary>
    public IList<AmfValue> Items { get; } = [];
}

/// <summary>AMF3's dictionary: keys of any kind, in the order they were written. It has no look-up: nothing in RTMP needs one.</summary>
/// <param name="hasWeakKeys">Whether ActionScript drops entries whose key is otherwise unused.</param>
public sealed class AmfDictionary(bool hasWeakKeys = false)
{
    /// <summary>Whether ActionScript drops entries whose key is otherwise unused.</summary>
    public bool HasWeakKeys { get; } = hasWeakKeys;

    /// <summary>The entries.</summary>
    public IList<KeyValuePair<AmfValue, AmfValue>> Entries { get; } = [];
}
