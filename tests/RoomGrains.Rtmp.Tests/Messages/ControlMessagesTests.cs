using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Rtmp.Tests.Chunks;

namespace RoomGrains.Rtmp.Tests.Messages;

public class ControlMessagesTests
{
    public static TheoryData<string, OutgoingMessage> Cases => new()
    {
        { "02 000000 000004 01 00000000 0000EA60", ControlMessages.SetChunkSize(60000) },
        { "02 000000 000004 03 00000000 00000001", ControlMessages.Acknowledgement((1L << 32) + 1) },
        { "02 000000 000004 05 00000000 002625A0", ControlMessages.WindowAckSize(2500000) },
        { "02 000000 000005 06 00000000 002625A0 02", ControlMessages.SetPeerBandwidth(2500000, PeerBandwidthLimit.Dynamic) },
        { "02 000000 000006 04 00000000 0000 00000001", ControlMessages.StreamBegin(1) },
        { "02 000000 000006 04 00000000 0001 00000001", ControlMessages.StreamEof(1) },
        { "02 000000 00000A 04 00000000 0003 00000001 00000BB8", ControlMessages.SetBufferLength(1, 3000) },
        { "02 000000 000006 04 00000000 0004 00000001", ControlMessages.StreamIsRecorded(1) },
        { "02 000000 000006 04 00000000 0006 01020304", ControlMessages.PingRequest(0x01020304) },
        { "02 000000 000006 04 00000000 0007 01020304", ControlMessages.PingResponse(0x01020304) },
    };

    [Theory, MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void They_go_on_chunk_stream_2_and_message_stream_0(string hex, OutgoingMessage message)
    {
        Assert.Equal(Convert.ToHexString(Wire.Hex(hex)), Convert.ToHexString(Wire.Bytes(message)));
    }

    [Theory]
    [InlineData("0000 00000000", UserControlEventType.StreamBegin, 0u, 0u)]
    [InlineData("0003 00000001 00000BB8", UserControlEventType.SetBufferLength, 1u, 3000u)]
    [InlineData("0006 FFFFFFFF", UserControlEventType.PingRequest, uint.MaxValue, 0u)]
    [InlineData("0007 00000005 99", UserControlEventType.PingResponse, 5u, 0u)]
    [InlineData("001F 00000001", (UserControlEventType)31, 1u, 0u)]
    public void User_control_events_are_parsed(string hex, UserControlEventType type, uint value, uint buffer)
    {
        Assert.True(UserControlEvent.TryParse(Wire.Hex(hex), out var parsed));
        Assert.Equal(new UserControlEvent(type, value, buffer), parsed);
    }

    [Theory]
    [InlineData(""), InlineData("00"), InlineData("001A"), InlineData("0006 000000"), InlineData("0003 00000001"), InlineData("0003 00000001 000BB8")]
    public void A_user_control_message_that_is_too_short_is_nothing(string hex) => Assert.False(UserControlEvent.TryParse(Wire.Hex(hex), out _));

    [Theory]
    [InlineData("002625A0", true, 2500000u), InlineData("002625A002", true, 2500000u), InlineData("0026A0", false, 0u), InlineData("", false, 0u)]
    public void Numbers_are_read(string hex, bool whole, uint value)
    {
        Assert.Equal(whole, ControlMessages.TryReadValue(Wire.Hex(hex), out var read));
        Assert.Equal(value, read);
    }
}
