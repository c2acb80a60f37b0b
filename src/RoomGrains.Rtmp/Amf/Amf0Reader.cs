namespace RoomGrains.Rtmp.Amf;

/// <summary>
/// Reads the AMF0 values of one message (Adobe AMF0, 2007; RTMP 1.0 §7.2). One reader for the whole message: the limits and the table of
/// references hold for all of it.
/// </summary>
/// <remarks>
/// <code>
/// value   = marker body
/// 00 number   f64                      08 ECMA array  u32 count, a hint; then as object
/// 01 boolean  u8                       09 object end  only after an empty name
/// 02 string   u16 length, UTF-8        0A array       u32 count, values
/// 03 object   (name value)* 0000 09    0B date        f64 ms, s16 time zone
/// 04 reserved                          0C long string u32 length, UTF-8
/// 05 null     06 undefined             0D unsupported 0E reserved
/// 07 reference u16 index               0F XML         u32 length, UTF-8
/// 11 switch   one AMF3 value           10 typed       u16 length, class name; then as object
/// </code>
/// Tolerated, because real encoders write it: a wrong count of an ECMA array (OBS writes 20, others 0), a missing object end at the end of
/// the payload, keys written twice (the last wins), texts that are not UTF-8, and an empty name before a value.
/// </remarks>
public ref struct Amf0Reader
{
    private readonly AmfReadState _state;
    private SpanReader _in;

    /// <summary>Reads the payload of a message.</summary>
    public Amf0Reader(ReadOnlySpan<byte> payload, AmfLimits? limits = null)
        : this(payload, new AmfReadState(limits ?? AmfLimits.Default))
    {
    }

    internal Amf0Reader(ReadOnlySpan<byte> payload, AmfReadState state)
    {
        _in = new SpanReader(payload);
        _state = state;
    }

    /// <summary>Whether every value has been read.</summary>
    public readonly bool IsAtEnd => _in.Left == 0;

    /// <summary>The number of bytes read.</summary>
    public readonly int Position => _in.Position;

    /// <summary>Reads the next value.</summary>
    /// <exception cref="RtmpProtocolException">The bytes are no AMF0 value, or one beyond the limits.</exception>
    public AmfValue Read() => ReadValue(_in.Byte(), 1);

    /// <summary>Reads the next value, or <see cref="AmfValue.Undefined"/> at the end: trailing arguments are often left out.</summary>
    /// <exception cref="RtmpProtocolException">As <see cref="Read"/>.</exception>
    public AmfValue ReadOrUndefined() => IsAtEnd ? default : Read();

    private AmfValue ReadValue(byte marker, int depth)
    {
        _state.CountValue();
        switch (marker)
        {
            case Amf0Marker.Number:
                return _in.Double();
            case Amf0Marker.Boolean:
                return _in.Byte() != 0;
            case Amf0Marker.String:
                return _in.ShortText();
            case Amf0Marker.Object:
                return ReadObject(new AmfObject(), depth);
            case Amf0Marker.Null:
                return AmfValue.Null;
            case Amf0Marker.Undefined:
                return AmfValue.Undefined;
            case Amf0Marker.Reference:
                return ReadReference();
            case Amf0Marker.EcmaArray:
                _in.UInt32();
                return ReadObject(new AmfObject { IsEcmaArray = true }, depth);
            case Amf0Marker.StrictArray:
                return ReadArray(depth);
            case Amf0Marker.Date:
                var milliseconds = _in.Double();
                _in.UInt16();
                return AmfValue.Date(milliseconds);
            case Amf0Marker.LongString:
                return _in.Text(_in.UInt32());
            case Amf0Marker.Unsupported:
                return AmfValue.Unsupported;
            case Amf0Marker.XmlDocument:
                return AmfValue.Xml(_in.Text(_in.UInt32()));
            case Amf0Marker.TypedObject:
                return ReadObject(new AmfObject(_in.ShortText()), depth);
            case Amf0Marker.Amf3:
                return ReadAmf3(depth);
            default:
                Throw.AmfMarker("AMF0", marker);
                return default;
        }
    }

    private AmfValue ReadObject(AmfObject target, int depth)
    {
        _state.CheckDepth(depth);
        _state.Amf0Objects.Add(target);
        var keys = 0;
        while (!IsTruncatedEnd())
        {
            var name = _in.ShortText();
            var marker = _in.Byte();
            if (marker == Amf0Marker.ObjectEnd && name.Length == 0)
                break;
            _state.Set(target, name, ReadValue(marker, depth + 1), ref keys);
        }
        return target;
    }

    /// <summary>
    /// Whether the payload ends where a property or the object's end should follow, or within the end. Some encoders cut their metadata so.
    /// </summary>
    private bool IsTruncatedEnd()
    {
        if (_in.Left > 2 || _in.Rest.ContainsAnyExcept((byte)0))
            return false;
        _in.Take((uint)_in.Left);
        return true;
    }

    private AmfValue ReadArray(int depth)
    {
        _state.CheckDepth(depth);
        var target = new AmfArray();
        _state.Amf0Objects.Add(target);
        for (var count = _in.Count(_in.UInt32(), 1); count > 0; count--)
            target.Add(ReadValue(_in.Byte(), depth + 1));
        return target;
    }

    private AmfValue ReadReference()
    {
        var index = _in.UInt16();
        if (index >= _state.Amf0Objects.Count)
            Throw.AmfReference("value", index, _state.Amf0Objects.Count);
        return _state.Amf0Objects[index];
    }

    private AmfValue ReadAmf3(int depth)
    {
        var amf3 = new Amf3Reader(_in.Rest, _state);
        var value = amf3.ReadValue(depth);
        _in.Take((uint)amf3.Position);
        return value;
    }
}

/// <summary>The type markers of AMF0 §2.1. 0x04 (movie clip) and 0x0E (record set) are reserved and never valid.</summary>
internal static class Amf0Marker
{
    public const byte Number = 0x00;
    public const byte Boolean = 0x01;
    public const byte String = 0x02;
    public const byte Object = 0x03;
    public const byte Null = 0x05;
    public const byte Undefined = 0x06;
    public const byte Reference = 0x07;
    public const byte EcmaArray = 0x08;
    public const byte ObjectEnd = 0x09;
    public const byte StrictArray = 0x0A;
    public const byte Date = 0x0B;
    public const byte LongString = 0x0C;
    public const byte Unsupported = 0x0D;
    public const byte XmlDocument = 0x0F;
    public const byte TypedObject = 0x10;
    public const byte Amf3 = 0x11;
}
