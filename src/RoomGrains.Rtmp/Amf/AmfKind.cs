namespace RoomGrains.Rtmp.Amf;

/// <summary>What an <see cref="AmfValue"/> is. AMF0 and AMF3 spell these differently; the value is the same.</summary>
public enum AmfKind : byte
{
    /// <summary>No value; also what a missing property or argument reads as.</summary>
    Undefined = 0,
    /// <summary>Null.</summary>
    Null,
    /// <summary>True or false.</summary>
    Boolean,
    /// <summary>A double; AMF3's 29-bit integers too.</summary>
    Number,
    /// <summary>Text.</summary>
    String,
    /// <summary>Named properties: an <see cref="AmfObject"/>. AMF0's ECMA array and typed object too.</summary>
    Object,
    /// <summary>Values in order: an <see cref="AmfArray"/>.</summary>
    Array,
    /// <summary>Milliseconds since 1970-01-01 UTC.</summary>
    Date,
    /// <summary>XML of ActionScript 2 and 3's <c>XMLDocument</c>, kept as text and never parsed.</summary>
    XmlDocument,
    /// <summary>XML of ActionScript 3 (E4X), kept as text and never parsed.</summary>
    Xml,
    /// <summary>Bytes.</summary>
    ByteArray,
    /// <summary>An <see cref="AmfVector{T}"/> of <see cref="int"/>.</summary>
    VectorInt,
    /// <summary>An <see cref="AmfVector{T}"/> of <see cref="uint"/>.</summary>
    VectorUInt,
    /// <summary>An <see cref="AmfVector{T}"/> of <see cref="double"/>.</summary>
    VectorDouble,
    /// <summary>An <see cref="AmfObjectVector"/>.</summary>
    VectorObject,
    /// <summary>An <see cref="AmfDictionary"/>: keys of any kind.</summary>
    Dictionary,
    /// <summary>AMF0's marker for a value that its sender could not write.</summary>
    Unsupported,
}
