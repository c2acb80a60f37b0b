using System.Buffers;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Rtmp.Tests.Amf;

/// <summary>Bytes and the value they mean, written out by hand from the specifications: for decoding, for encoding and as fuzz seeds.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Hex">The bytes.</param>
/// <param name="Value">What they mean.</param>
/// <param name="ReadOnly">The bytes are legal or tolerated, but our writer writes others.</param>
public sealed record AmfCase(string Name, string Hex, AmfValue Value, bool ReadOnly = false)
{
    public byte[] Bytes => Convert.FromHexString(Hex.Replace(" ", "", StringComparison.Ordinal));

    public override string ToString() => Name;
}

internal static class AmfCases
{
    private static AmfObject Cycle()
    {
        var o = new AmfObject();
        o["self"] = o;
        return o;
    }

    private static AmfArray SharedPart()
    {
        var part = new AmfObject { ["a"] = 1 };
        return [part, part];
    }

    private static AmfObjectVector ObjectVector()
    {
        var vector = new AmfObjectVector("*", true);
        vector.Items.Add(1);
        vector.Items.Add("x");
        return vector;
    }

    private static AmfDictionary Dictionary()
    {
        var dictionary = new AmfDictionary(true);
        dictionary.Entries.Add(new(1, "x"));
        dictionary.Entries.Add(new("k", AmfValue.Null));
        return dictionary;
    }

    public static IReadOnlyList<AmfCase> Amf0 { get; } =
    [
        new("number", "00 3FF0000000000000", 1),
        new("negative zero", "00 8000000000000000", -0.0),
        new("NaN", "00 7FF8000000000000", BitConverter.Int64BitsToDouble(0x7FF8000000000000)),
        new("infinity", "00 7FF0000000000000", double.PositiveInfinity),
        new("false", "01 00", false),
        new("true", "01 01", true),
        new("true, as 2", "01 02", true, ReadOnly: true),
        new("string", "02 0005 68656C6C6F", "hello"),
        new("empty string", "02 0000", ""),
        new("two-byte UTF-8", "02 0002 C3A9", "é"),
        new("bytes that are no UTF-8 are replaced", "02 0003 61FF62", "a\uFFFDb", ReadOnly: true),
        new("object", "03 0001 61 00 3FF0000000000000 0001 62 02 0001 78 0000 09", new AmfObject { ["a"] = 1, ["b"] = "x" }),
        new("empty object", "03 0000 09", new AmfObject()),
        new("empty name with a value", "03 0000 05 0001 61 05 0000 09", new AmfObject { [""] = AmfValue.Null, ["a"] = AmfValue.Null }),
        new("object end missing", "03 0001 61 01 01", new AmfObject { ["a"] = true }, ReadOnly: true),
        new("object end cut after one byte", "03 0001 61 01 01 00", new AmfObject { ["a"] = true }, ReadOnly: true),
        new("object end cut after two bytes", "03 0001 61 01 01 0000", new AmfObject { ["a"] = true }, ReadOnly: true),
        new("a name twice: the last wins", "03 0001 61 01 01 0001 61 01 00 0000 09", new AmfObject { ["a"] = false }, ReadOnly: true),
        new("null", "05", AmfValue.Null),
        new("undefined", "06", AmfValue.Undefined),
        new("reference to itself", "03 0004 73656C66 07 0000 0000 09", Cycle()),
        new("reference to a part", "0A 00000002 03 0001 61 00 3FF0000000000000 0000 09 07 0001", SharedPart()),
        new("ECMA array", "08 00000001 0001 61 05 0000 09", new AmfObject { IsEcmaArray = true, ["a"] = AmfValue.Null }),
        new("ECMA array, OBS' count of 20", "08 00000014 0001 61 05 0000 09", new AmfObject { IsEcmaArray = true, ["a"] = AmfValue.Null }, ReadOnly: true),
        new("ECMA array, count of 0", "08 00000000 0001 61 05 0000 09", new AmfObject { IsEcmaArray = true, ["a"] = AmfValue.Null }, ReadOnly: true),
        new("strict array", "0A 00000002 01 01 05", new AmfArray { true, AmfValue.Null }),
        new("empty strict array", "0A 00000000", new AmfArray()),
        new("date", "0B 4270000000000000 0000", AmfValue.Date(1L << 40)),
        new("date with a time zone", "0B 4270000000000000 FFC4", AmfValue.Date(1L << 40), ReadOnly: true),
        new("long string of one byte", "0C 00000001 78", "x", ReadOnly: true),
        new("unsupported", "0D", AmfValue.Unsupported),
        new("XML", "0F 00000004 3C612F3E", AmfValue.Xml("<a/>")),
        new("typed object", "10 0001 43 0001 61 05 0000 09", new AmfObject("C") { ["a"] = AmfValue.Null }),
        new("AMF3 value", "11 04 05", 5, ReadOnly: true),
        new("AMF3 byte array", "11 0C 05 0102", AmfValue.Bytes([1, 2])),
    ];

    public static IReadOnlyList<AmfCase> Amf3 { get; } =
    [
        new("undefined", "00", AmfValue.Undefined),
        new("null", "01", AmfValue.Null),
        new("false", "02", false),
        new("true", "03", true),
        new("integer 0", "04 00", 0),
        new("integer 127", "04 7F", 127),
        new("integer 128", "04 8100", 128),
        new("integer 16383", "04 FF7F", 16383),
        new("integer 16384", "04 818000", 16384),
        new("integer 2097151", "04 FFFF7F", 2097151),
        new("integer 2097152", "04 80C08000", 2097152),
        new("largest integer", "04 BFFFFFFF", (1 << 28) - 1),
        new("smallest integer", "04 C0808000", -(1 << 28)),
        new("integer -1", "04 FFFFFFFF", -1),
        new("2^28 is a double", "05 41B0000000000000", 1 << 28),
        new("double", "05 3FF8000000000000", 1.5),
        new("negative zero", "05 8000000000000000", -0.0),
        new("string", "06 0B 68656C6C6F", "hello"),
        new("empty string", "06 01", ""),
        new("XML document", "07 09 3C612F3E", AmfValue.Xml("<a/>")),
        new("date", "08 01 4270000000000000", AmfValue.Date(1L << 40)),
        new("array", "09 05 01 03 01", new AmfArray { true, AmfValue.Null }),
        new("empty array", "09 01 01", new AmfArray()),
        new("array with names only", "09 01 03 61 01 01", new AmfObject { IsEcmaArray = true, ["a"] = AmfValue.Null }),
        new("array with names and values", "09 03 03 61 01 01 03", new AmfArray { Named = new AmfObject { IsEcmaArray = true, ["a"] = AmfValue.Null } }.With(true)),
        new("object", "0A 0B 01 03 61 04 01 01", new AmfObject { ["a"] = 1 }),
        new("typed object", "0A 0B 03 43 03 61 04 01 01", new AmfObject("C") { ["a"] = 1 }),
        new("sealed object", "0A 13 03 43 03 61 04 01", new AmfObject("C") { ["a"] = 1 }, ReadOnly: true),
        new("sealed and dynamic members", "0A 1B 03 43 03 61 04 01 03 62 04 02 01", new AmfObject("C") { ["a"] = 1, ["b"] = 2 }, ReadOnly: true),
        new("empty name", "0A 1B 01 01 01 03 61 01 01", new AmfObject { [""] = AmfValue.Null, ["a"] = AmfValue.Null }),
        new("reference to itself", "0A 0B 01 09 73656C66 0A 00 01", Cycle()),
        new("text, traits and object references", "09 07 01 0A 0B 01 03 61 06 00 01 0A 01 00 06 00 01 0A 04",
            new AmfArray { new AmfObject { ["a"] = "a" } }.With(new AmfObject { ["a"] = "a" }).WithLast(1), ReadOnly: true),
        new("ArrayCollection", "0A 07 43 666C65782E6D6573 736167696E672E69 6F2E417272617943 6F6C6C656374696F 6E 09 03 01 03",
            new AmfObject("flex.messaging.io.ArrayCollection") { ["source"] = new AmfArray { true } }),
        new("XML", "0B 09 3C612F3E", AmfValue.Xml("<a/>", e4x: true)),
        new("byte array", "0C 05 0102", AmfValue.Bytes([1, 2])),
        new("vector of int", "0D 05 01 00000001 FFFFFFFF", AmfValue.Vector(new AmfVector<int>([1, -1], true))),
        new("vector of uint", "0E 03 00 FFFFFFFF", AmfValue.Vector(new AmfVector<uint>([uint.MaxValue]))),
        new("vector of double", "0F 03 00 3FF8000000000000", AmfValue.Vector(new AmfVector<double>([1.5]))),
        new("vector of any", "10 05 01 03 2A 04 01 06 03 78", AmfValue.Vector(ObjectVector())),
        new("dictionary", "11 05 01 04 01 06 03 78 06 03 6B 01", AmfValue.Dictionary(Dictionary())),
    ];

    /// <summary>The bytes of values, written by one writer.</summary>
    public static byte[] Write0(params AmfValue[] values)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new Amf0Writer(output);
        foreach (var value in values)
            writer.Write(value);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The bytes of values, written by one writer.</summary>
    public static byte[] Write3(params AmfValue[] values)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new Amf3Writer(output);
        foreach (var value in values)
            writer.Write(value);
        return output.WrittenSpan.ToArray();
    }

    public static List<AmfValue> ReadAll0(ReadOnlySpan<byte> bytes, AmfLimits? limits = null)
    {
        var reader = new Amf0Reader(bytes, limits);
        var values = new List<AmfValue>();
        while (!reader.IsAtEnd)
            values.Add(reader.Read());
        return values;
    }

    public static List<AmfValue> ReadAll3(ReadOnlySpan<byte> bytes, AmfLimits? limits = null)
    {
        var reader = new Amf3Reader(bytes, limits);
        var values = new List<AmfValue>();
        while (!reader.IsAtEnd)
            values.Add(reader.Read());
        return values;
    }

    private static AmfArray With(this AmfArray array, AmfValue value)
    {
        array.Add(value);
        return array;
    }

    private static AmfArray WithLast(this AmfArray array, int index) => array.With(array[index]);
}
