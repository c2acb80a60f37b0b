using System.Diagnostics.CodeAnalysis;

namespace RoomGrains.Rtmp.Amf;

/// <summary>
/// One AMF value, as it stands in a command, a data message or a shared object. Numbers, texts and booleans convert to it by themselves;
/// the accessors never throw, because what a peer sent is seldom what one hoped for: a value of another kind reads as nothing.
/// </summary>
/// <remarks>
/// Two values are equal when they are the same number, text, boolean or date, or the same instance of a complex value. AMF3 allows
/// cycles, so a comparison by content is a method of its own: <see cref="ContentEquals"/>.
/// </remarks>
public readonly struct AmfValue : IEquatable<AmfValue>
{
    private readonly object? _reference;
    private readonly double _number;

    private AmfValue(AmfKind kind, double number, object? reference) => (Kind, _number, _reference) = (kind, number, reference);

    /// <summary>No value; the same as <c>default</c>.</summary>
    public static AmfValue Undefined => default;

    /// <summary>Null.</summary>
    public static AmfValue Null => new(AmfKind.Null, 0, null);

    /// <summary>AMF0's "unsupported".</summary>
    public static AmfValue Unsupported => new(AmfKind.Unsupported, 0, null);

    /// <summary>What this value is.</summary>
    public AmfKind Kind { get; }

    /// <summary>Whether this is null or undefined: most encoders use one for the other.</summary>
    public bool IsNothing => Kind is AmfKind.Null or AmfKind.Undefined;

    /// <summary>A property of an object, or a named element of an array; <see cref="Undefined"/> when there is none.</summary>
    public AmfValue this[string name] => _reference switch
    {
        AmfObject properties => properties[name],
        AmfArray { Named: { } named } => named[name],
        _ => default,
    };

    /// <summary>An element of an array; <see cref="Undefined"/> when there is none.</summary>
    public AmfValue this[int index] => _reference is AmfArray array && (uint)index < (uint)array.Count ? array[index] : default;

    /// <summary>A number.</summary>
    public static implicit operator AmfValue(double number) => new(AmfKind.Number, number, null);

    /// <summary>A number.</summary>
    public static implicit operator AmfValue(int number) => new(AmfKind.Number, number, null);

    /// <summary>A boolean.</summary>
    public static implicit operator AmfValue(bool value) => new(AmfKind.Boolean, value ? 1 : 0, null);

    /// <summary>A text; a null reference is <see cref="Null"/>.</summary>
    public static implicit operator AmfValue(string? text) => text is null ? Null : new(AmfKind.String, 0, text);

    /// <summary>An object; a null reference is <see cref="Null"/>.</summary>
    public static implicit operator AmfValue(AmfObject? value) => value is null ? Null : new(AmfKind.Object, 0, value);

    /// <summary>An array; a null reference is <see cref="Null"/>.</summary>
    public static implicit operator AmfValue(AmfArray? value) => value is null ? Null : new(AmfKind.Array, 0, value);

    /// <summary>A date, in milliseconds since 1970-01-01 UTC. AMF carries a time zone that nobody fills in; it is not kept.</summary>
    public static AmfValue Date(double milliseconds) => new(AmfKind.Date, milliseconds, null);

    /// <summary>A date.</summary>
    public static AmfValue Date(DateTimeOffset date) => Date((date - DateTimeOffset.UnixEpoch).TotalMilliseconds);

    /// <summary>XML as text: an <c>XMLDocument</c>, or E4X's <c>XML</c> if <paramref name="e4x"/> (AMF0 has only the first).</summary>
    public static AmfValue Xml(string text, bool e4x = false) => new(e4x ? AmfKind.Xml : AmfKind.XmlDocument, 0, text);

    /// <summary>Bytes. They are not copied.</summary>
    public static AmfValue Bytes(byte[] bytes) => new(AmfKind.ByteArray, 0, bytes);

    /// <summary>A vector of 32-bit integers.</summary>
    public static AmfValue Vector(AmfVector<int> vector) => new(AmfKind.VectorInt, 0, vector);

    /// <summary>A vector of unsigned 32-bit integers.</summary>
    public static AmfValue Vector(AmfVector<uint> vector) => new(AmfKind.VectorUInt, 0, vector);

    /// <summary>A vector of doubles.</summary>
    public static AmfValue Vector(AmfVector<double> vector) => new(AmfKind.VectorDouble, 0, vector);

    /// <summary>A vector of values of one class.</summary>
    public static AmfValue Vector(AmfObjectVector vector) => new(AmfKind.VectorObject, 0, vector);

    /// <summary>A dictionary.</summary>
    public static AmfValue Dictionary(AmfDictionary dictionary) => new(AmfKind.Dictionary, 0, dictionary);

    /// <summary>The text; null when this is not a text. A long string is a text, XML is not.</summary>
    public string? AsString() => Kind == AmfKind.String ? (string)_reference! : null;

    /// <summary>Whether this is true: the boolean, or a number that is neither 0 nor NaN (encoders write flags as numbers).</summary>
    public bool AsBoolean() => Kind is AmfKind.Boolean or AmfKind.Number && _number != 0 && !double.IsNaN(_number);

    /// <summary>The object; null when this is not one. ECMA arrays and typed objects are objects.</summary>
    public AmfObject? AsObject() => _reference as AmfObject;

    /// <summary>The array; null when this is not one.</summary>
    public AmfArray? AsArray() => _reference as AmfArray;

    /// <summary>The bytes; null when this is not a byte array.</summary>
    public byte[]? AsBytes() => _reference as byte[];

    /// <summary>The text of XML of either flavour; null when this is not XML.</summary>
    public string? AsXml() => Kind is AmfKind.Xml or AmfKind.XmlDocument ? (string)_reference! : null;

    /// <summary>The vector; null when this is not a vector of <typeparamref name="T"/>.</summary>
    public AmfVector<T>? AsVector<T>() where T : unmanaged => _reference as AmfVector<T>;

    /// <summary>The vector; null when this is not a vector of objects.</summary>
    public AmfObjectVector? AsObjectVector() => _reference as AmfObjectVector;

    /// <summary>The dictionary; null when this is not one.</summary>
    public AmfDictionary? AsDictionary() => _reference as AmfDictionary;

    /// <summary>The number, which may be NaN or infinite; false when this is not a number.</summary>
    public bool TryGetNumber(out double number)
    {
        number = Kind == AmfKind.Number ? _number : 0;
        return Kind == AmfKind.Number;
    }

    /// <summary>
    /// The number as an integer, cut to the range; NaN and anything that is not a number is <paramref name="otherwise"/>. Stream ids, start
    /// times and the like are doubles that the peer chose, 1e300 among them.
    /// </summary>
    public long AsInteger(long min = int.MinValue, long max = int.MaxValue, long otherwise = 0)
    {
        if (Kind != AmfKind.Number || double.IsNaN(_number))
            return otherwise;
        return _number <= min ? min : _number >= max ? max : (long)_number;
    }

    /// <summary>The date; false when this is not a date, or one that .NET cannot hold.</summary>
    public bool TryGetDate(out DateTimeOffset date)
    {
        date = default;
        // The ends of DateTimeOffset's range in Unix milliseconds, years 1 to 9999.
        if (Kind != AmfKind.Date || !(_number >= -62_135_596_800_000 && _number <= 253_402_300_799_999))
            return false;
        date = DateTimeOffset.FromUnixTimeMilliseconds((long)_number);
        return true;
    }

    /// <summary>The raw milliseconds of a date, or the number; 0 otherwise.</summary>
    internal double RawNumber => _number;

    /// <summary>The instance behind a complex value or text; null for the others.</summary>
    internal object? Reference => _reference;

    /// <summary>Whether two values have the same content, cycles and shared parts included. Order of properties does not count.</summary>
    public static bool ContentEquals(AmfValue a, AmfValue b) => AmfComparison.ContentEquals(a, b);

    /// <inheritdoc/>
    public bool Equals(AmfValue other) =>
        Kind == other.Kind && _number.Equals(other._number) &&
        (_reference is string text ? text == other._reference as string : ReferenceEquals(_reference, other._reference));

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is AmfValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, _number, _reference is string text ? text.GetHashCode(StringComparison.Ordinal)
        : _reference is null ? 0 : System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(_reference));

    /// <summary>As <see cref="Equals(AmfValue)"/>.</summary>
    public static bool operator ==(AmfValue left, AmfValue right) => left.Equals(right);

    /// <summary>As <see cref="Equals(AmfValue)"/>, negated.</summary>
    public static bool operator !=(AmfValue left, AmfValue right) => !left.Equals(right);

    /// <summary>
    /// The value in a form like JSON, cut at 1000 characters and 8 levels. For tests and debuggers: a value may hold a stream key or a
    /// token, so this does not belong in a log.
    /// </summary>
    public override string ToString() => AmfText.Format(this);
}
