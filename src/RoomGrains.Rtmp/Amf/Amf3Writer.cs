using System.Buffers;
using System.Text;
using RoomGrains.Rtmp.Buffers;

namespace RoomGrains.Rtmp.Amf;

/// <summary>
/// Writes the AMF3 values of one message; see <see cref="Amf3Reader"/> for the layout. Texts, traits and complex values that were written
/// before are references. Objects are written as dynamic ones.
/// </summary>
/// <param name="output">Where the bytes go.</param>
/// <param name="limits">How deep values may nest; the other limits are for reading.</param>
public sealed class Amf3Writer(IBufferWriter<byte> output, AmfLimits? limits = null)
{
    private readonly Dictionary<object, int> _objects = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, int> _strings = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Class, bool HasEmptyName, bool IsCollection), int> _traits = [];
    private readonly AmfLimits _limits = limits ?? AmfLimits.Default;
    // Dates are in the table as well, but have no identity to refer to them by.
    private int _tableLength;

    /// <summary>Writes a value, without AMF0's switch marker before it.</summary>
    /// <exception cref="RtmpProtocolException">It nests deeper than the limit.</exception>
    public void Write(AmfValue value) => Write(value, 1);

    internal void Write(AmfValue value, int depth)
    {
        switch (value.Kind)
        {
            case AmfKind.Undefined or AmfKind.Unsupported:
                output.Put(Amf3Marker.Undefined);
                break;
            case AmfKind.Null:
                output.Put(Amf3Marker.Null);
                break;
            case AmfKind.Boolean:
                output.Put(value.AsBoolean() ? Amf3Marker.True : Amf3Marker.False);
                break;
            case AmfKind.Number:
                WriteNumber(value.RawNumber);
                break;
            case AmfKind.String:
                output.Put(Amf3Marker.String);
                WriteText((string)value.Reference!);
                break;
            case AmfKind.Date:
                output.Put(Amf3Marker.Date, 1);
                output.PutDouble(value.RawNumber);
                _tableLength++;
                break;
            case AmfKind.Xml or AmfKind.XmlDocument:
                output.Put(value.Kind == AmfKind.Xml ? Amf3Marker.Xml : Amf3Marker.XmlDocument);
                WriteHeader((uint)Encoding.UTF8.GetByteCount((string)value.Reference!));
                Encoding.UTF8.GetBytes((string)value.Reference!, output);
                _tableLength++;
                break;
            default:
                WriteComplex(value, depth);
                break;
        }
    }

    private void WriteComplex(AmfValue value, int depth)
    {
        var marker = MarkerOf(value);
        output.Put(marker);
        if (_objects.TryGetValue(value.Reference!, out var index))
        {
            WriteU29((uint)index << 1);
            return;
        }
        if (depth > _limits.Depth)
            Throw.AmfDepth(_limits.Depth);
        _objects[value.Reference!] = _tableLength++;
        switch (value.Reference)
        {
            case AmfObject target when marker == Amf3Marker.Array:
                WriteHeader(0);
                WriteNamed(target, depth);
                break;
            case AmfObject target:
                WriteObject(target, depth);
                break;
            case AmfArray array:
                WriteHeader((uint)array.Count);
                if (array.Named is { } named)
                    WriteNamed(named, depth);
                else
                    WriteText("");
                foreach (var item in array)
                    Write(item, depth + 1);
                break;
            case byte[] bytes:
                WriteHeader((uint)bytes.Length);
                output.Put(bytes);
                break;
            case AmfVector<int> vector:
                WriteVectorHeader(vector.Items.Length, vector.IsFixed);
                foreach (var item in vector.Items)
                    output.PutUInt32((uint)item);
                break;
            case AmfVector<uint> vector:
                WriteVectorHeader(vector.Items.Length, vector.IsFixed);
                foreach (var item in vector.Items)
                    output.PutUInt32(item);
                break;
            case AmfVector<double> vector:
                WriteVectorHeader(vector.Items.Length, vector.IsFixed);
                foreach (var item in vector.Items)
                    output.PutDouble(item);
                break;
            case AmfObjectVector vector:
                WriteVectorHeader(vector.Items.Count, vector.IsFixed);
                WriteText(vector.ClassName);
                foreach (var item in vector.Items)
                    Write(item, depth + 1);
                break;
            case AmfDictionary dictionary:
                WriteVectorHeader(dictionary.Entries.Count, dictionary.HasWeakKeys);
                foreach (var (key, item) in dictionary.Entries)
                {
                    Write(key, depth + 1);
                    Write(item, depth + 1);
                }
                break;
        }
    }

    private static byte MarkerOf(AmfValue value) => value.Kind switch
    {
        // An empty name ends the named elements of an array, so an array cannot hold one; an object can.
        AmfKind.Object => value.AsObject() is { IsEcmaArray: true, ClassName: null } ecma && !ecma.Contains("") ? Amf3Marker.Array : Amf3Marker.Object,
        AmfKind.Array => Amf3Marker.Array,
        AmfKind.ByteArray => Amf3Marker.ByteArray,
        AmfKind.VectorInt => Amf3Marker.VectorInt,
        AmfKind.VectorUInt => Amf3Marker.VectorUInt,
        AmfKind.VectorDouble => Amf3Marker.VectorDouble,
        AmfKind.VectorObject => Amf3Marker.VectorObject,
        _ => Amf3Marker.Dictionary,
    };

    private void WriteObject(AmfObject target, int depth)
    {
        var className = target.ClassName ?? "";
        // The empty name would end the dynamic members. It can be a sealed one.
        var hasEmptyName = target.Contains("");
        var isCollection = className == Amf3Reader.ArrayCollection && target.Count == 1 && target.Contains("source");
        if (_traits.TryGetValue((className, hasEmptyName, isCollection), out var index))
        {
            WriteU29((uint)index << 2 | 1);
        }
        else
        {
            _traits[(className, hasEmptyName, isCollection)] = _traits.Count;
            WriteU29(isCollection ? 0b0111u : hasEmptyName ? 1u << 4 | 0b1011 : 0b1011);
            WriteText(className);
            if (hasEmptyName)
                WriteText("");
        }
        if (isCollection)
        {
            Write(target["source"], depth + 1);
            return;
        }
        if (hasEmptyName)
            Write(target[""], depth + 1);
        WriteNamed(target, depth);
    }

    private void WriteNamed(AmfObject target, int depth)
    {
        foreach (var (name, value) in target)
        {
            if (name.Length == 0)
                continue;
            WriteText(name);
            Write(value, depth + 1);
        }
        WriteText("");
    }

    private void WriteNumber(double number)
    {
        // 29 bits with sign; a negative zero has no integer form.
        if (number is >= -(1 << 28) and < 1 << 28 && Math.Truncate(number) == number && !(number == 0 && double.IsNegative(number)))
        {
            output.Put(Amf3Marker.Integer);
            WriteU29((uint)(int)number & 0x1FFFFFFF);
            return;
        }
        output.Put(Amf3Marker.Double);
        output.PutDouble(number);
    }

    private void WriteText(string text)
    {
        if (text.Length == 0)
        {
            WriteU29(1);
        }
        else if (_strings.TryGetValue(text, out var index))
        {
            WriteU29((uint)index << 1);
        }
        else
        {
            _strings[text] = _strings.Count;
            WriteHeader((uint)Encoding.UTF8.GetByteCount(text));
            Encoding.UTF8.GetBytes(text, output);
        }
    }

    private void WriteVectorHeader(int count, bool flag)
    {
        WriteHeader((uint)count);
        output.Put(flag ? (byte)1 : (byte)0);
    }

    private void WriteHeader(uint lengthOrCount) => WriteU29(lengthOrCount << 1 | 1);

    private void WriteU29(uint value)
    {
        switch (value)
        {
            case < 0x80:
                output.Put((byte)value);
                break;
            case < 0x4000:
                output.Put((byte)(value >> 7 | 0x80), (byte)(value & 0x7F));
                break;
            case < 0x20_0000:
                output.Put((byte)(value >> 14 | 0x80), (byte)(value >> 7 | 0x80), (byte)(value & 0x7F));
                break;
            default:
                output.Put((byte)(value >> 22 | 0x80), (byte)(value >> 15 | 0x80), (byte)(value >> 8 | 0x80), (byte)value);
                break;
        }
    }
}
