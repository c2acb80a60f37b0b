using System.Text;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Tests.Amf;

/// <summary>Each limit provoked, and its last allowed value read.</summary>
public sealed class AmfLimitTests
{
    /// <summary>A value in so many shells: what opens a shell, what is innermost, what closes one.</summary>
    private static byte[] Nested(int depth, string open, string inner, string close = "") =>
        Convert.FromHexString((string.Concat(Enumerable.Repeat(open, depth)) + inner + string.Concat(Enumerable.Repeat(close, depth))).Replace(" ", "", StringComparison.Ordinal));

    private static ProtocolError Refused0(byte[] bytes) => Assert.Throws<RtmpProtocolException>(() => AmfCases.ReadAll0(bytes)).Error;

    private static ProtocolError Refused3(byte[] bytes) => Assert.Throws<RtmpProtocolException>(() => AmfCases.ReadAll3(bytes)).Error;

    [Theory]
    [InlineData("strict array", "0A 00000001", "05", "")]
    [InlineData("object", "03 0001 61", "05", "000009")]
    [InlineData("ECMA array", "08 00000001 0001 61", "05", "000009")]
    [InlineData("typed object", "10 0001 43 0001 61", "05", "000009")]
    public void Amf0_nests_32_deep(string kind, string open, string inner, string close)
    {
        Assert.True(AmfCases.ReadAll0(Nested(32, open, inner, close)).Count == 1, kind);
        Assert.Equal(ProtocolError.AmfDepth, Refused0(Nested(33, open, inner, close)));
        Assert.Equal(ProtocolError.AmfDepth, Refused0(Nested(70_000, open, inner, close)));
    }

    [Theory]
    [InlineData("array", "09 03 01", "01", "")]
    [InlineData("array of names", "09 01 03 61", "01", "01")]
    [InlineData("dynamic object", "0A 0B 01 03 61", "01", "01")]
    [InlineData("sealed object", "0A 13 01 03 61", "01", "")]
    [InlineData("vector of any", "10 03 00 01", "01", "")]
    [InlineData("dictionary value", "11 03 00 01", "01", "")]
    [InlineData("dictionary key", "11 03 00", "01", "01")]
    [InlineData("ArrayCollection", "0A 07 43 666C65782E6D6573736167696E672E696F2E4172726179436F6C6C656374696F6E", "01", "")]
    public void Amf3_nests_32_deep(string kind, string open, string inner, string close)
    {
        Assert.True(AmfCases.ReadAll3(Nested(32, open, inner, close)).Count == 1, kind);
        Assert.Equal(ProtocolError.AmfDepth, Refused3(Nested(33, open, inner, close)));
        Assert.Equal(ProtocolError.AmfDepth, Refused3(Nested(70_000, open, inner, close)));
    }

    [Fact]
    public void Depth_is_counted_through_the_switch_to_AMF3()
    {
        byte[] inner = [0x11, .. Nested(16, "09 03 01", "01")];
        Assert.Single(AmfCases.ReadAll0([.. Nested(16, "0A 00000001", ""), .. inner]));
        Assert.Equal(ProtocolError.AmfDepth, Refused0([.. Nested(17, "0A 00000001", ""), .. inner]));
    }

    [Fact]
    public void A_message_has_10_000_values()
    {
        // The array is one of them.
        Assert.Equal(9_999, AmfCases.ReadAll0([0x0A, .. UInt32(9_999), .. Enumerable.Repeat((byte)5, 9_999)])[0].AsArray()!.Count);
        Assert.Equal(ProtocolError.AmfTooManyValues, Refused0([0x0A, .. UInt32(10_000), .. Enumerable.Repeat((byte)5, 10_000)]));
        Assert.Equal(ProtocolError.AmfTooManyValues, Refused0([.. Enumerable.Repeat((byte)5, 10_001)]));
        Assert.Equal(10_000, AmfCases.ReadAll0([.. Enumerable.Repeat((byte)5, 10_000)]).Count);
        Assert.Equal(ProtocolError.AmfTooManyValues, Refused3([.. Enumerable.Repeat((byte)1, 10_001)]));
        // Five thousand switches are ten thousand values.
        Assert.Equal(ProtocolError.AmfTooManyValues, Refused0([.. Enumerable.Repeat<byte[]>([0x11, 0x01], 5_001).SelectMany(b => b)]));
        Assert.Equal(2, AmfCases.ReadAll0([5, 5], new AmfLimits { ValuesPerMessage = 2 }).Count);
        Assert.Throws<RtmpProtocolException>(() => AmfCases.ReadAll0([5, 5, 5], new AmfLimits { ValuesPerMessage = 2 }));
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(1001, false)]
    public void An_object_has_1000_keys(int count, bool allowed)
    {
        var names = Enumerable.Range(0, count).Select(i => Encoding.ASCII.GetBytes($"{i:D4}")).ToArray();
        byte[][] amf0 =
        [
            [3, .. names.SelectMany<byte[], byte>(n => [0, 4, .. n, 5]), 0, 0, 9],
            // The same key each time: nothing is kept, the work is the same.
            [3, .. names.SelectMany<byte[], byte>(_ => [0, 1, 0x61, 5]), 0, 0, 9],
        ];
        var header = (uint)count << 4 | 3;
        byte[][] amf3 =
        [
            [0x0A, 0x0B, 1, .. names.SelectMany<byte[], byte>(n => [9, .. n, 1]), 1],
            [9, 1, .. names.SelectMany<byte[], byte>(n => [9, .. n, 1]), 1],
            [0x0A, (byte)(header >> 7 | 0x80), (byte)(header & 0x7F), 1, .. names.SelectMany<byte[], byte>(n => [9, .. n]), .. names.Select(_ => (byte)1)],
            [0x11, (byte)(count * 2 + 1 >> 7 | 0x80), (byte)(count * 2 + 1 & 0x7F), 0, .. names.SelectMany<byte[], byte>(_ => [1, 1])],
        ];
        // 1000 * 16 + 3 needs a third byte.
        amf3[2] = [0x0A, (byte)(header >> 14 | 0x80), (byte)(header >> 7 | 0x80), (byte)(header & 0x7F), .. amf3[2][3..]];
        if (allowed)
        {
            Assert.All(amf0, bytes => Assert.Single(AmfCases.ReadAll0(bytes)));
            Assert.All(amf3, bytes => Assert.Single(AmfCases.ReadAll3(bytes)));
        }
        else
        {
            Assert.All(amf0, bytes => Assert.Equal(ProtocolError.AmfTooManyKeys, Refused0(bytes)));
            Assert.All(amf3, bytes => Assert.Equal(ProtocolError.AmfTooManyKeys, Refused3(bytes)));
        }
    }

    [Theory]
    [InlineData("0A FFFFFFFF 05")]
    [InlineData("0A 00000002 05")]
    [InlineData("0C FFFFFFFF 41")]
    [InlineData("0F 80000000 41")]
    [InlineData("02 FFFF 41")]
    [InlineData("03 FFFF 41")]
    [InlineData("10 0005 41")]
    public void Amf0_lengths_are_compared_with_what_is_left(string hex) => Assert.Equal(ProtocolError.AmfTruncated, Refused0(Bytes(hex)));

    [Theory]
    [InlineData("06 FFFFFFFF 41")]
    [InlineData("07 FFFFFFFF 41")]
    [InlineData("0C FFFFFFFF 41")]
    [InlineData("09 FFFFFFFF 01")]
    [InlineData("09 05 01 01")]
    [InlineData("0A FFFFFFFB 01")]
    [InlineData("0D FFFFFFFF 00 00000000")]
    [InlineData("0D 05 00 00000000")]
    [InlineData("0E FFFFFFFF 00 00000000")]
    [InlineData("0F FFFFFFFF 00 0000000000000000")]
    [InlineData("0F 05 00 0000000000000000")]
    [InlineData("10 FFFFFFFF 00 01 01")]
    [InlineData("11 FFFFFFFF 00 01 01")]
    [InlineData("11 05 00 01 01")]
    public void Amf3_lengths_are_compared_with_what_is_left(string hex) => Assert.Equal(ProtocolError.AmfTruncated, Refused3(Bytes(hex)));

    [Fact]
    public void A_count_that_is_refused_costs_no_memory()
    {
        var bytes = Bytes("0D FFFFFFFF 00 00000000");
        _ = Refused3(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        _ = Refused3(bytes);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Theory]
    [InlineData("04", ProtocolError.AmfMarker)]
    [InlineData("09", ProtocolError.AmfMarker)]
    [InlineData("0E", ProtocolError.AmfMarker)]
    [InlineData("12", ProtocolError.AmfMarker)]
    [InlineData("FF", ProtocolError.AmfMarker)]
    [InlineData("03 0001 61 09", ProtocolError.AmfMarker)]
    [InlineData("0A 00000001 09", ProtocolError.AmfMarker)]
    [InlineData("07 0000", ProtocolError.AmfReference)]
    [InlineData("0A 00000001 07 0001", ProtocolError.AmfReference)]
    [InlineData("11 12", ProtocolError.AmfMarker)]
    public void Amf0_types_and_references_that_do_not_exist_are_refused(string hex, ProtocolError error) => Assert.Equal(error, Refused0(Bytes(hex)));

    [Theory]
    [InlineData("12", ProtocolError.AmfMarker)]
    [InlineData("FF", ProtocolError.AmfMarker)]
    [InlineData("06 00", ProtocolError.AmfReference)]
    [InlineData("06 02", ProtocolError.AmfReference)]
    [InlineData("06 01 06 00", ProtocolError.AmfReference)]
    [InlineData("09 02", ProtocolError.AmfReference)]
    [InlineData("0A 00", ProtocolError.AmfReference)]
    [InlineData("0A 01", ProtocolError.AmfReference)]
    [InlineData("0C FFFFFFFE", ProtocolError.AmfReference)]
    [InlineData("09 01 01 0C 00", ProtocolError.AmfMarker)]
    [InlineData("0C 01 0A 00", ProtocolError.AmfMarker)]
    [InlineData("0A 07 03 43 01", ProtocolError.AmfExternalizable)]
    [InlineData("0A 07 01 01", ProtocolError.AmfExternalizable)]
    public void Amf3_types_and_references_that_do_not_exist_are_refused(string hex, ProtocolError error) => Assert.Equal(error, Refused3(Bytes(hex)));

    [Fact]
    public void Writing_stops_at_the_same_depth()
    {
        AmfValue value = AmfValue.Null;
        for (var i = 0; i < 33; i++)
            value = new AmfArray { value };
        Assert.Single(AmfCases.ReadAll0(AmfCases.Write0(value[0])));
        Assert.Equal(ProtocolError.AmfDepth, Assert.Throws<RtmpProtocolException>(() => AmfCases.Write0(value)).Error);
        Assert.Equal(ProtocolError.AmfDepth, Assert.Throws<RtmpProtocolException>(() => AmfCases.Write3(value)).Error);
        Assert.Equal(ProtocolError.AmfName, Assert.Throws<RtmpProtocolException>(() => AmfCases.Write0(new AmfObject { [new string('n', 65536)] = 1 })).Error);
    }

    [Fact]
    public void References_do_not_make_a_message_that_is_larger_than_a_message_can_be()
    {
        // 20 kB that is said 5000 times in 20 kB of references: 100 MB written out as AMF0.
        byte[] payload = [2, 0, 1, 0x68, 0x11, 9, 0xCE, 0x11, 1, 6, .. U29(20_000 * 2 + 1), .. Enumerable.Repeat((byte)0x61, 20_000),
            .. Enumerable.Repeat<byte[]>([6, 0], 4_999).SelectMany(b => b)];
        payload[6] = (byte)(5_000 * 2 + 1 >> 7 | 0x80);
        payload[7] = 5_000 * 2 + 1 & 0x7F;
        var message = DataMessage.Parse(MessageType.DataAmf0, payload);
        Assert.Equal(5_000, message[0].AsArray()!.Count);
        Assert.Equal(ProtocolError.MessageTooLarge, Assert.Throws<RtmpProtocolException>(message.EncodePayload).Error);
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static byte[] UInt32(int value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static byte[] U29(int value) => [(byte)(value >> 14 | 0x80), (byte)(value >> 7 | 0x80), (byte)(value & 0x7F)];
}
