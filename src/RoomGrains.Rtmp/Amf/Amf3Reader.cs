namespace RoomGrains.Rtmp.Amf;

/// <summary>
/// Reads the AMF3 values of one message (Adobe AMF3, 2013). Usually it is reached through AMF0's switch marker; by itself it reads
/// values that follow each other without one. One reader for the whole message: limits and reference tables hold for all of it.
/// </summary>
/// <remarks>
/// <code>
/// U29 = 1 to 4 bytes, 7 bits each, high bit = more; the fourth has 8 bits
/// name, text = U29: length * 2 + 1, then UTF-8; or index * 2 into the table of texts (the empty text, 01, is never in it)
///
/// 00 undefined  01 null  02 false  03 true        0B XML        as 07
/// 04 integer   U29, 29 bits with sign              0C bytes      U29, bytes
/// 05 double    f64                                 0D/0E/0F      U29 count, u8 fixed, i32/u32/f64 each
/// 06 string    text                                10 vector     U29 count, u8 fixed, class name, values
/// 07 XML doc   U29 length, UTF-8                   11 dictionary U29 count, u8 weak keys, (key value)*
/// 08 date      U29, f64 ms
/// 09 array     U29 count, (name value)* 01, values
/// 0A object    U29, its low bits: 0 reference | 01 traits reference | 011 traits, sealed or dynamic | 111 externalizable
///              traits = bit 3 dynamic, rest count of members; class name; member names. Then member values, (name value)* 01 if dynamic
/// 07 to 11: a U29 with low bit 0 is a reference (index * 2) into the table of complex values
/// </code>
/// A complex value is entered into its table before its members are read: cycles are legal. Class names are texts: nothing is made by
/// them (that was remote code execution in Red5, BlazeDS and WebORB: VU#307983).
/// </remarks>
public ref struct Amf3Reader
{
    /// <summary>The one externalizable class whose form is known: one AMF3 value, its source. Read as an object of this one property.</summary>
    internal const string ArrayCollection = "flex.messaging.io.ArrayCollection";

    private readonly AmfReadState _state;
    private SpanReader _in;

    /// <summary>Reads the payload of a message.</summary>
    public Amf3Reader(ReadOnlySpan<byte> payload, AmfLimits? limits = null)
        : this(payload, new AmfReadState(limits ?? AmfLimits.Default))
    {
    }

    internal Amf3Reader(ReadOnlySpan<byte> payload, AmfReadState state)
    {
        _in = new SpanReader(payload);
        _state = state;
    }

    /// <summary>Whether every value has been read.</summary>
    public readonly bool IsAtEnd => _in.Left == 0;

    /// <summary>The number of bytes read.</summary>
    public readonly int Position => _in.Position;

    /// <summary>Reads the next value.</summary>
    /// <exception cref="RtmpProtocolException">The bytes are no AMF3 value, or one beyond the limits.</exception>
    public AmfValue Read() => ReadValue(1);

    internal AmfValue ReadValue(int depth)
    {
        _state.CountValue();
        var marker = _in.Byte();
        switch (marker)
        {
            case Amf3Marker.Undefined:
                return AmfValue.Undefined;
            case Amf3Marker.Null:
                return AmfValue.Null;
            case Amf3Marker.False:
                return false;
            case Amf3Marker.True:
                return true;
            case Amf3Marker.Integer:
                return (int)(ReadU29() << 3) >> 3;
            case Amf3Marker.Double:
                return _in.Double();
            case Amf3Marker.String:
                return ReadText();
        }
        if (marker > Amf3Marker.Dictionary)
            Throw.AmfMarker("AMF3", marker);

        var header = ReadU29();
        if ((header & 1) == 0)
            return ReadReference(header >> 1, marker);
        if (marker == Amf3Marker.Object)
            return ReadObject(header, depth);
        return ReadComplex(marker, header >> 1, depth);
    }

    private AmfValue ReadComplex(byte marker, uint length, int depth)
    {
        switch (marker)
        {
            case Amf3Marker.XmlDocument or Amf3Marker.Xml:
                return Enter(AmfValue.Xml(_in.Text(length), marker == Amf3Marker.Xml));
            case Amf3Marker.Date:
                return Enter(AmfValue.Date(_in.Double()));
            case Amf3Marker.Array:
                return ReadArray(length, depth);
            case Amf3Marker.ByteArray:
                return Enter(AmfValue.Bytes(_in.Take(length).ToArray()));
            case Amf3Marker.VectorInt:
                {
                    var isFixed = _in.Byte() != 0;
                    var items = new int[_in.Count(length, 4)];
                    foreach (ref var item in items.AsSpan())
                        item = (int)_in.UInt32();
                    return Enter(AmfValue.Vector(new AmfVector<int>(items, isFixed)));
                }
            case Amf3Marker.VectorUInt:
                {
                    var isFixed = _in.Byte() != 0;
                    var items = new uint[_in.Count(length, 4)];
                    foreach (ref var item in items.AsSpan())
                        item = _in.UInt32();
                    return Enter(AmfValue.Vector(new AmfVector<uint>(items, isFixed)));
                }
            case Amf3Marker.VectorDouble:
                {
                    var isFixed = _in.Byte() != 0;
                    var items = new double[_in.Count(length, 8)];
                    foreach (ref var item in items.AsSpan())
                        item = _in.Double();
                    return Enter(AmfValue.Vector(new AmfVector<double>(items, isFixed)));
                }
            case Amf3Marker.VectorObject:
                return ReadObjectVector(length, depth);
            default:
                return ReadDictionary(length, depth);
        }
    }

    private AmfValue ReadArray(uint length, int depth)
    {
        _state.CheckDepth(depth);
        var count = _in.Count(length, 1);
        var keys = 0;
        // Names only: an ECMA array. Known before its members are read, because they may refer to it.
        if (count == 0 && _in.Left > 0 && _in.Rest[0] != EmptyText)
        {
            var ecma = new AmfObject { IsEcmaArray = true };
            Enter(ecma);
            ReadNamed(ecma, depth, ref keys);
            return ecma;
        }

        var array = new AmfArray();
        Enter(array);
        var named = new AmfObject { IsEcmaArray = true };
        ReadNamed(named, depth, ref keys);
        if (named.Count > 0)
            array.Named = named;
        for (_in.Count(length, 1); count > 0; count--)
            array.Add(ReadValue(depth + 1));
        return array;
    }

    private AmfValue ReadObject(uint header, int depth)
    {
        _state.CheckDepth(depth);
        var traits = (header & 2) == 0 ? ReferencedTraits((int)(header >> 2)) : ReadTraits(header);
        var target = new AmfObject(traits.ClassName);
        Enter(target);
        var keys = 0;
        if (traits.IsExternalizable)
        {
            if (traits.ClassName != ArrayCollection)
                Throw.AmfExternalizable();
            _state.Set(target, "source", ReadValue(depth + 1), ref keys);
            return target;
        }
        foreach (var member in traits.Members)
            _state.Set(target, member, ReadValue(depth + 1), ref keys);
        if (traits.IsDynamic)
            ReadNamed(target, depth, ref keys);
        return target;
    }

    private void ReadNamed(AmfObject target, int depth, ref int keys)
    {
        while (ReadText() is { Length: > 0 } name)
            _state.Set(target, name, ReadValue(depth + 1), ref keys);
    }

    private readonly Amf3Traits ReferencedTraits(int index)
    {
        if (index >= _state.Amf3Traits.Count)
            Throw.AmfReference("traits", index, _state.Amf3Traits.Count);
        return _state.Amf3Traits[index];
    }

    private Amf3Traits ReadTraits(uint header)
    {
        var externalizable = (header & 4) != 0;
        var count = externalizable ? 0 : _in.Count(header >> 4, 1);
        if (count > _state.Limits.KeysPerObject)
            Throw.AmfTooManyKeys(_state.Limits.KeysPerObject);
        var className = ReadText();
        var members = new string[count];
        foreach (ref var member in members.AsSpan())
            member = ReadText();
        var traits = new Amf3Traits(className, members, !externalizable && (header & 8) != 0, externalizable);
        _state.Amf3Traits.Add(traits);
        return traits;
    }

    private AmfValue ReadObjectVector(uint length, int depth)
    {
        _state.CheckDepth(depth);
        var isFixed = _in.Byte() != 0;
        var vector = new AmfObjectVector(ReadText(), isFixed);
        Enter(AmfValue.Vector(vector));
        for (var count = _in.Count(length, 1); count > 0; count--)
            vector.Items.Add(ReadValue(depth + 1));
        return AmfValue.Vector(vector);
    }

    private AmfValue ReadDictionary(uint length, int depth)
    {
        _state.CheckDepth(depth);
        var dictionary = new AmfDictionary(_in.Byte() != 0);
        Enter(AmfValue.Dictionary(dictionary));
        var count = _in.Count(length, 2);
        if (count > _state.Limits.KeysPerObject)
            Throw.AmfTooManyKeys(_state.Limits.KeysPerObject);
        for (; count > 0; count--)
            dictionary.Entries.Add(new(ReadValue(depth + 1), ReadValue(depth + 1)));
        return AmfValue.Dictionary(dictionary);
    }

    private readonly AmfValue Enter(AmfValue value)
    {
        _state.Amf3Objects.Add(value);
        return value;
    }

    private readonly AmfValue ReadReference(uint index, byte marker)
    {
        if (index >= _state.Amf3Objects.Count)
            Throw.AmfReference("value", (int)index, _state.Amf3Objects.Count);
        var value = _state.Amf3Objects[(int)index];
        if (!Amf3Marker.CanBe(marker, value.Kind))
            Throw.AmfMarker("AMF3", marker);
        return value;
    }

    private string ReadText()
    {
        var header = ReadU29();
        if ((header & 1) == 0)
        {
            var index = (int)(header >> 1);
            if (index >= _state.Amf3Strings.Count)
                Throw.AmfReference("text", index, _state.Amf3Strings.Count);
            return _state.Amf3Strings[index];
        }
        if (header == EmptyText)
            return "";
        var text = _in.Text(header >> 1);
        _state.Amf3Strings.Add(text);
        return text;
    }

    private uint ReadU29()
    {
        var value = 0u;
        for (var i = 0; i < 3; i++)
        {
            var next = _in.Byte();
            value = value << 7 | (next & 0x7Fu);
            if (next < 0x80)
                return value;
        }
        return value << 8 | _in.Byte();
    }

    private const uint EmptyText = 1;
}

/// <summary>The type markers of AMF3 §3.1.</summary>
internal static class Amf3Marker
{
    public const byte Undefined = 0x00;
    public const byte Null = 0x01;
    public const byte False = 0x02;
    public const byte True = 0x03;
    public const byte Integer = 0x04;
    public const byte Double = 0x05;
    public const byte String = 0x06;
    public const byte XmlDocument = 0x07;
    public const byte Date = 0x08;
    public const byte Array = 0x09;
    public const byte Object = 0x0A;
    public const byte Xml = 0x0B;
    public const byte ByteArray = 0x0C;
    public const byte VectorInt = 0x0D;
    public const byte VectorUInt = 0x0E;
    public const byte VectorDouble = 0x0F;
    public const byte VectorObject = 0x10;
    public const byte Dictionary = 0x11;

    /// <summary>Whether a value of this kind may stand behind this marker: a reference must not change what its target is.</summary>
    public static bool CanBe(byte marker, AmfKind kind) => kind switch
    {
        // An array that has names only is an object to us.
        AmfKind.Object => marker is Object or Array,
        AmfKind.Array => marker == Array,
        AmfKind.Date => marker == Date,
        AmfKind.Xml => marker == Xml,
        AmfKind.XmlDocument => marker == XmlDocument,
        AmfKind.ByteArray => marker == ByteArray,
        AmfKind.VectorInt => marker == VectorInt,
        AmfKind.VectorUInt => marker == VectorUInt,
        AmfKind.VectorDouble => marker == VectorDouble,
        AmfKind.VectorObject => marker == VectorObject,
        AmfKind.Dictionary => marker == Dictionary,
        _ => false,
    };
}
