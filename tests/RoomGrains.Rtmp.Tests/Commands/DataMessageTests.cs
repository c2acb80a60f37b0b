using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Tests.Commands;

public sealed class DataMessageTests
{
    private static DataMessage Sent(DataMessage message) => DataMessage.Parse(MessageType.DataAmf0, message.EncodePayload().Span);

    private static readonly DataMessage Metadata = new(DataMessage.OnMetaData, new AmfObject { IsEcmaArray = true, ["width"] = 640 });

    [Fact]
    public void A_publishers_mark_is_taken_off_and_players_get_none()
    {
        var received = Sent(Metadata.WithFrame(DataFrame.Set));
        Assert.Equal(("onMetaData", DataFrame.Set, 640L), (received.Handler, received.Frame, received[0]["width"].AsInteger()));
        Assert.True(received.IsMetadata);

        var forPlayers = Sent(received.WithFrame(DataFrame.None));
        Assert.Equal(("onMetaData", DataFrame.None, 1), (forPlayers.Handler, forPlayers.Frame, forPlayers.Values.Length));
        Assert.True(forPlayers[0].AsObject()!.IsEcmaArray);
    }

    [Fact]
    public void Clearing_is_no_metadata()
    {
        var cleared = Sent(new DataMessage("onMetaData").WithFrame(DataFrame.Clear));
        Assert.Equal((DataFrame.Clear, false, AmfValue.Undefined), (cleared.Frame, cleared.IsMetadata, cleared[0]));
    }

    [Fact]
    public void Type_15_has_a_format_byte()
    {
        byte[] payload = [0, .. Metadata.EncodePayload().Span];
        Assert.Equal(640, DataMessage.Parse(MessageType.DataAmf3, payload)[0]["width"].AsInteger());
        Assert.Equal(ProtocolError.DataFormat, Assert.Throws<RtmpProtocolException>(() => DataMessage.Parse(MessageType.DataAmf3, [])).Error);
        Assert.Equal(ProtocolError.DataFormat, Assert.Throws<RtmpProtocolException>(() => DataMessage.Parse(MessageType.DataAmf3, [3])).Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("05")]
    [InlineData("02 000D 4073657444617461 4672616D65")]
    public void Data_without_a_handler_is_refused(string hex) =>
        Assert.Equal(ProtocolError.DataFormat, Assert.Throws<RtmpProtocolException>(() =>
            DataMessage.Parse(MessageType.DataAmf0, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)))).Error);

    [Fact]
    public void Metadata_that_was_cut_off_is_read()
    {
        var payload = Metadata.EncodePayload().Span;
        Assert.Equal(640, DataMessage.Parse(MessageType.DataAmf0, payload[..^3])[0]["width"].AsInteger());
    }
}
