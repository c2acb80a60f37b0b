using RoomGrains.Rtmp.Amf;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Amf;

/// <summary>The case tables: each decoded, encoded, cut at every place.</summary>
public sealed class AmfCodecTests
{
    public static TheoryData<AmfCase> Amf0 => [.. AmfCases.Amf0];

    public static TheoryData<AmfCase> Amf3 => [.. AmfCases.Amf3];

    [Theory, MemberData(nameof(Amf0), DisableDiscoveryEnumeration = true)]
    public void Amf0_bytes_mean_the_value(AmfCase sample)
    {
        var read = Assert.Single(AmfCases.ReadAll0(sample.Bytes));
        Assert.True(AmfValue.ContentEquals(sample.Value, read), $"{read} instead of {sample.Value}");
        if (!sample.ReadOnly)
            Assert.Equal(Convert.ToHexString(sample.Bytes), Convert.ToHexString(AmfCases.Write0(sample.Value)));
    }

    [Theory, MemberData(nameof(Amf3), DisableDiscoveryEnumeration = true)]
    public void Amf3_bytes_mean_the_value(AmfCase sample)
    {
        var read = Assert.Single(AmfCases.ReadAll3(sample.Bytes));
        Assert.True(AmfValue.ContentEquals(sample.Value, read), $"{read} instead of {sample.Value}");
        if (!sample.ReadOnly)
            Assert.Equal(Convert.ToHexString(sample.Bytes), Convert.ToHexString(AmfCases.Write3(sample.Value)));
    }

    [Fact]
    public void A_cut_message_is_an_error_or_a_tolerated_end_and_nothing_else()
    {
        foreach (var sample in AmfCases.Amf0)
            for (var length = 0; length < sample.Bytes.Length; length++)
                ReadOrRefuse(sample.Bytes.AsSpan(0, length), amf3: false);
        foreach (var sample in AmfCases.Amf3)
            for (var length = 1; length < sample.Bytes.Length; length++)
                Assert.Throws<RtmpProtocolException>(() => AmfCases.ReadAll3(sample.Bytes.AsSpan(0, length)));
    }

    [Fact]
    public void The_inputs_that_taught_another_parser_are_read_or_refused()
    {
        var files = SharedFiles.Corpus("amf0-");
        Assert.SkipWhen(files.Count == 0, SharedFiles.Missing("corpus"));
        foreach (var file in files)
            ReadOrRefuse(File.ReadAllBytes(file), amf3: false);
    }

    /// <summary>Reads, and writes again what could be read; the one exception allowed is the protocol's.</summary>
    internal static void ReadOrRefuse(ReadOnlySpan<byte> bytes, bool amf3)
    {
        List<AmfValue> values;
        try
        {
            values = amf3 ? AmfCases.ReadAll3(bytes) : AmfCases.ReadAll0(bytes);
        }
        catch (RtmpProtocolException e)
        {
            Assert.StartsWith("Amf", e.Error.ToString(), StringComparison.Ordinal);
            return;
        }
        try
        {
            var again = amf3 ? AmfCases.ReadAll3(AmfCases.Write3([.. values])) : AmfCases.ReadAll0(AmfCases.Write0([.. values]));
            Assert.Equal(values.Count, again.Count);
        }
        catch (RtmpProtocolException e)
        {
            // Values shared between AMF0 and AMF3, or moved by a name that was written twice, may nest deeper when they are written again.
            Assert.Contains(e.Error, new[] { ProtocolError.AmfDepth, ProtocolError.AmfTooManyValues, ProtocolError.AmfTooManyKeys, ProtocolError.AmfName });
        }
        foreach (var value in values)
        {
            Assert.True(value.ToString().Length <= 1001);
            Assert.True(AmfValue.ContentEquals(value, value));
        }
    }
}
