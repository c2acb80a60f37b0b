using CsCheck;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Amf;

/// <summary>Whatever can be written is read back the same; whatever is read, however it was damaged, is a value or an error.</summary>
public sealed class AmfRoundTripTests(ITestOutputHelper output)
{
    // Single surrogates are no text: they are written as U+FFFD.
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[Gen.Char['a', 'e'], 0, 4], Gen.String[Gen.Char[' ', '\uD7FF'], 0, 20], Gen.Int[60_000, 70_000].Select(n => new string('é', n / 2)), Gen.Const("😀"));

    private static readonly Gen<string> Name = Gen.String[Gen.Char['a', 'e'], 0, 3];

    private static readonly Gen<AmfValue> Leaf = Gen.OneOf(
        Gen.Double.Select(d => (AmfValue)d),
        Gen.Int.Select(i => (AmfValue)i),
        Pick(0, -0.0, double.NaN, double.NegativeInfinity, 1 << 28, (1 << 28) - 1, -(1 << 28), -(1 << 28) - 1),
        Gen.Bool.Select(b => (AmfValue)b),
        Text.Select(t => (AmfValue)t),
        Pick(AmfValue.Null, AmfValue.Undefined),
        Gen.Double.Select(AmfValue.Date),
        Text.Select(t => AmfValue.Xml(t)),
        Gen.Byte.Array[0, 20].Select(AmfValue.Bytes),
        Gen.Select(Gen.Int.Array[0, 5], Gen.Bool, (items, isFixed) => AmfValue.Vector(new AmfVector<int>(items, isFixed))),
        Gen.Select(Gen.UInt.Array[0, 5], Gen.Bool, (items, isFixed) => AmfValue.Vector(new AmfVector<uint>(items, isFixed))),
        Gen.Select(Gen.Double.Array[0, 5], Gen.Bool, (items, isFixed) => AmfValue.Vector(new AmfVector<double>(items, isFixed))));

    /// <summary>Values three levels deep, of the kinds that the encoding has a form of its own for.</summary>
    private static Gen<AmfValue> Values(bool amf3)
    {
        var values = Leaf;
        for (var level = 0; level < 3; level++)
            values = Gen.Frequency((3, Leaf), (4, Complex(values, amf3)));
        return values;
    }

    private static Gen<AmfValue> Complex(Gen<AmfValue> item, bool amf3)
    {
        var properties = Gen.Select(Name, item).Array[0, 5];
        var kinds = new List<Gen<AmfValue>>
        {
            properties.Select(p => (AmfValue)Fill(new AmfObject(), p)),
            Gen.Select(Name, properties, (name, p) => (AmfValue)Fill(new AmfObject(name), p)),
            // In AMF3 (and AMF0 may hold it) an empty ECMA array is an empty array, and one with an empty name is an object.
            properties.Select(p => (AmfValue)Fill(new AmfObject { IsEcmaArray = true }, [("x", AmfValue.Null), .. p.Where(i => i.Item1.Length > 0)])),
            item.Array[0, 5].Select(items => (AmfValue)Fill([], items)),
            Gen.Select(Name, Gen.Bool, item.Array[0, 4], (name, isFixed, items) =>
            {
                var vector = new AmfObjectVector(name, isFixed);
                foreach (var i in items)
                    vector.Items.Add(i);
                return AmfValue.Vector(vector);
            }),
            Gen.Select(Gen.Bool, Gen.Select(item, item).Array[0, 4], (weak, items) =>
            {
                var dictionary = new AmfDictionary(weak);
                foreach (var (key, value) in items)
                    dictionary.Entries.Add(new(key, value));
                return AmfValue.Dictionary(dictionary);
            }),
        };
        if (amf3)
        {
            kinds.Add(Text.Select(t => AmfValue.Xml(t, e4x: true)));
            kinds.Add(Gen.Select(item.Array[1, 4], properties, (items, p) =>
            {
                var array = Fill([], items);
                array.Named = Fill(new AmfObject { IsEcmaArray = true }, [.. p.Where(i => i.Item1.Length > 0)]);
                return (AmfValue)array;
            }));
        }
        return Gen.OneOf([.. kinds]);
    }

    private static Gen<AmfValue> Pick(params AmfValue[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static AmfObject Fill(AmfObject target, (string, AmfValue)[] properties)
    {
        foreach (var (name, value) in properties)
            target[name] = value;
        return target;
    }

    private static AmfArray Fill(AmfArray target, AmfValue[] items)
    {
        foreach (var item in items)
            target.Add(item);
        return target;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Any_value_survives(bool amf3)
    {
        var random = new PCG(1, (ulong)Seed.Next(output));
        var values = Values(amf3);
        for (var i = 0; i < 500; i++)
        {
            var value = values.Generate(random, null, out _);
            var read = amf3 ? AmfCases.ReadAll3(AmfCases.Write3(value, value)) : AmfCases.ReadAll0(AmfCases.Write0(value, value));
            Assert.Equal(2, read.Count);
            Assert.True(AmfValue.ContentEquals(value, read[0]), $"{i}: {read[0]} instead of {value}");
            Assert.Equal(read[0].AsObject(), read[1].AsObject());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Any_graph_survives_cycles_and_all(bool amf3)
    {
        var random = new Random(Seed.Next(output));
        for (var i = 0; i < 500; i++)
        {
            var nodes = Enumerable.Range(0, random.Next(1, 15)).Select(n => new AmfObject { ["id"] = n }).ToArray();
            for (var edges = random.Next(30); edges > 0; edges--)
            {
                AmfValue target = nodes[random.Next(nodes.Length)];
                nodes[random.Next(nodes.Length)][$"to{random.Next(3)}"] = random.Next(4) == 0 ? new AmfArray { target, target } : target;
            }
            AmfValue root = nodes[0];
            var read = Assert.Single(amf3 ? AmfCases.ReadAll3(AmfCases.Write3(root)) : AmfCases.ReadAll0(AmfCases.Write0(root)));
            Assert.True(AmfValue.ContentEquals(root, read));
            Assert.True(read.ToString().Length <= 1001);
            nodes[0]["id"] = -1;
            Assert.False(AmfValue.ContentEquals(root, read));
        }
    }

    [Fact]
    public void No_bytes_whatever_are_more_than_read_or_refused()
    {
        var seed = Seed.Next(output);
        var random = new Random(seed);
        var pcg = new PCG(1, (ulong)seed);
        var values = Values(amf3: true);
        var samples = AmfCases.Amf0.Concat(AmfCases.Amf3).Select(c => c.Bytes).ToList();
        for (var i = 0; i < 200; i++)
        {
            var value = values.Generate(pcg, null, out _);
            samples.Add(AmfCases.Write0(value));
            samples.Add(AmfCases.Write3(value));
        }
        samples.RemoveAll(s => s.Length > 2_000);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = samples[random.Next(samples.Count)][..];
            bytes = bytes[..random.Next(bytes.Length + 1)];
            for (var n = random.Next(4); n > 0 && bytes.Length > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(random.Next(2) == 0 ? 256 : 20);
            AmfCodecTests.ReadOrRefuse(bytes, amf3: i % 2 == 0);
        }
    }
}
