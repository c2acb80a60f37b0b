using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Rtmp.Tests.Amf;

public sealed class Amf0Tests
{
    [Fact]
    public void A_value_may_be_as_long_as_allowed_and_no_longer()
    {
        AmfValue text = new string('x', 13);
        Assert.Equal(16, Amf0.Encode(text, maxLength: 16).Length);
        var error = Assert.Throws<RtmpProtocolException>(() => Amf0.Encode(text, maxLength: 15));
        Assert.Contains("15", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_short_as_references_is_not_written_out_beyond_the_limit()
    {
        // AMF3 sends a text once and then its number; AMF0 has no such thing.
        AmfValue text = new string('x', 50_000);
        var array = new AmfArray();
        for (var i = 0; i < 9_000; i++)
            array.Add(text);
        Assert.Throws<RtmpProtocolException>(() => Amf0.Encode(array, maxLength: 1 << 20));
        Assert.Throws<RtmpProtocolException>(() => Amf0.Encode(array));
    }
}
