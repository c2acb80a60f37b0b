using System.Collections;

namespace RoomGrains.Rtmp.Amf;

/// <summary>
/// Named properties in the order they were written. AMF0's object, typed object and ECMA array, and AMF3's object, are all this:
/// encoders use one for the other (FFmpeg writes onMetaData as an ECMA array, others as an object), so readers should not care.
/// </summary>
#pragma warning disable CA1710 // "Object" is what both specifications call it.
public sealed class AmfObject : IReadOnlyCollection<KeyValuePair<string, AmfValue>>
#pragma warning restore CA1710
{
    // Keeps a look-up in an object of 1000 keys from being 1000 comparisons, and the order on the wire.
    private readonly OrderedDictionary<string, AmfValue> _properties = new(StringComparer.Ordinal);

    /// <summary>An anonymous object, or with a class name a typed one. The name is a text to us: nothing is ever made by it.</summary>
    public AmfObject(string? className = null) => ClassName = string.IsNullOrEmpty(className) ? null : className;

    /// <summary>The class name; null for an anonymous object.</summary>
    public string? ClassName { get; }

    /// <summary>Whether it is written as an ECMA array (AMF0) or an array of named elements (AMF3). Everyone does so for onMetaData.</summary>
    public bool IsEcmaArray { get; init; }

    /// <summary>The number of properties.</summary>
    public int Count => _properties.Count;

    /// <summary>A property; <see cref="AmfValue.Undefined"/> when there is none. Setting one again keeps its place: the last value wins.</summary>
    public AmfValue this[string name]
    {
        get => _properties.GetValueOrDefault(name);
        set => _properties[name] = value;
    }

    /// <summary>Sets a property, as the indexer does.</summary>
    public void Add(string name, AmfValue value) => _properties[name] = value;

    /// <summary>Whether there is such a property, be it undefined.</summary>
    public bool Contains(string name) => _properties.ContainsKey(name);

    /// <summary>Removes a property; false when there is none.</summary>
    public bool Remove(string name) => _properties.Remove(name);

    /// <summary>A property whose name matches in any case: Red5 writes <c>CapsEx</c> for capsEx. The exact name is preferred.</summary>
    public AmfValue GetIgnoreCase(string name)
    {
        if (_properties.TryGetValue(name, out var exact))
            return exact;
        foreach (var (key, value) in _properties)
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                return value;
        return default;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, AmfValue>> GetEnumerator() => _properties.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc cref="AmfValue.ToString"/>
    public override string ToString() => AmfText.Format(this);
}
