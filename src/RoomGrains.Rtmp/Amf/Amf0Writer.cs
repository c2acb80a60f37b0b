using System.Buffers;
using System.Globalization;
using System.Text;
using RoomGrains.Rtmp.Buffers;

namespace RoomGrains.Rtmp.Amf;

/// <summary>
/// Writes the AMF0 values of one message; see <see cref="Amf0Reader"/> for the layout. A complex value that was written before in the same
/// message is written as a reference, so cycles end and shared parts are sent once. (FFmpeg does not read references: give each
/// property a value of its own where that matters.)
/// </summary>
/// <remarks>What AMF0 has no form for (byte arrays, vectors, dictionaries) is written as AMF3 behind the switch marker.</remarks>
/// <param name="output">Where the bytes go.</param>
/// <param name="limits">How deep values may nest; the other limits are for reading.</param>
public sealed class Amf0Writer(IBufferWriter<byte> output, AmfLimits? limits = null)
{
    private readonly Dictionary<object, int> _written = new(ReferenceEqualityComparer.Instance);
    private readonly AmfLimits _limits = limits ?? AmfLimits.Default;
    private Amf3Writer? _amf3;

    /// <summary>Writes a value.</summary>
    /// <exception cref="RtmpProtocolException">It nests deeper than the limit.</exception>
    public void Write(AmfValue value) => Write(value, 1);

    private void Write(AmfValue value, int depth)
    {
        switch (value.Kind)
        {
            case AmfKind.Undefined:
                output.Put(Amf0Marker.Undefined);
                break;
            case AmfKind.Null:
                output.Put(Amf0Marker.Null);
                break;
            case AmfKind.Unsupported:
                output.Put(Amf0Marker.Unsupported);
                break;
            case AmfKind.Boolean:
                output.Put(Amf0Marker.Boolean, value.AsBoolean() ? (byte)1 : (byte)0);
                break;
            case AmfKind.Number:
                output.Put(Amf0Marker.Number);
                output.PutDouble(value.RawNumber);
                break;
            case AmfKind.Date:
                output.Put(Amf0Marker.Date);
                output.PutDouble(value.RawNumber);
                output.Put(0, 0);
                break;
            case AmfKind.String:
                WriteString((string)value.Reference!);
                break;
            case AmfKind.Xml or AmfKind.XmlDocument:
                output.Put(Amf0Marker.XmlDocument);
                WriteLongText((string)value.Reference!);
                break;
            case AmfKind.Object or AmfKind.Array:
                WriteComplex(value.Reference!, depth);
                break;
            default:
                output.Put(Amf0Marker.Amf3);
                _amf3 ??= new Amf3Writer(output, _limits);
                _amf3.Write(value, depth);
                break;
        }
    }

    private void WriteComplex(object value, int depth)
    {
        if (_written.TryGetValue(value, out var index) && index <= ushort.MaxValue)
        {
            output.Put(Amf0Marker.Reference, (byte)(index >> 8), (byte)index);
            return;
        }
        if (depth > _limits.Depth)
            Throw.AmfDepth(_limits.Depth);
        _written[value] = _written.Count;
        switch (value)
        {
            case AmfObject target:
                WriteObject(target, depth);
                break;
            case AmfArray { Named: { Count: > 0 } named } array:
                WriteMixed(array, named, depth);
                break;
            case AmfArray array:
                output.Put(Amf0Marker.StrictArray);
                output.PutUInt32((uint)array.Count);
                foreach (var item in array)
                    Write(item, depth + 1);
                break;
        }
    }

    private void WriteObject(AmfObject target, int depth)
    {
        if (target.ClassName is { } name)
        {
            output.Put(Amf0Marker.TypedObject);
            WriteShortText(name);
        }
        else if (target.IsEcmaArray)
        {
            output.Put(Amf0Marker.EcmaArray);
            output.PutUInt32((uint)target.Count);
        }
        else
        {
            output.Put(Amf0Marker.Object);
        }
        WriteProperties(target, depth);
        output.Put(0, 0, Amf0Marker.ObjectEnd);
    }

    private void WriteMixed(AmfArray array, AmfObject named, int depth)
    {
        output.Put(Amf0Marker.EcmaArray);
        output.PutUInt32((uint)(array.Count + named.Count));
        for (var i = 0; i < array.Count; i++)
        {
            WriteShortText(i.ToString(CultureInfo.InvariantCulture));
            Write(array[i], depth + 1);
        }
        WriteProperties(named, depth);
        output.Put(0, 0, Amf0Marker.ObjectEnd);
    }

    private void WriteProperties(AmfObject target, int depth)
    {
        foreach (var (name, value) in target)
        {
            WriteShortText(name);
            Write(value, depth + 1);
        }
    }

    private void WriteString(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        if (length > ushort.MaxValue)
        {
            output.Put(Amf0Marker.LongString);
            WriteLongText(text);
            return;
        }
        output.Put(Amf0Marker.String);
        WriteShortText(text);
    }

    /// <summary>Writes a name, without marker. There is no long form of names.</summary>
    internal void WriteShortText(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        if (length > ushort.MaxValue)
            Throw.AmfName(length);
        output.PutUInt16((ushort)length);
        Encoding.UTF8.GetBytes(text, output);
    }

    private void WriteLongText(string text)
    {
        output.PutUInt32((uint)Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, output);
    }
}
