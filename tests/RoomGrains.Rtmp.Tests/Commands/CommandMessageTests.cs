using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Tests.Commands;

public sealed class CommandMessageTests
{
    internal static CommandMessage Parse(string hex, MessageType type = MessageType.CommandAmf0) =>
        CommandMessage.Parse(new RtmpMessage(type, 0, 0, SharedBuffer.CopyOf(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)))));

    /// <summary>The command as a peer reads it.</summary>
    internal static CommandMessage Sent(CommandMessage command, MessageType type = MessageType.CommandAmf0) =>
        CommandMessage.Parse(new RtmpMessage(type, 0, 0, command.EncodePayload(type)));

    [Fact]
    public void The_createStream_of_a_real_client_is_read_and_written_byte_by_byte()
    {
        const string Hex = "02 000C 63726561746553747265616D 00 4010000000000000 05";
        var command = Parse(Hex);
        Assert.Equal(("createStream", 4.0, AmfValue.Null, 0), (command.Name, command.TransactionId, command.CommandObject, command.Arguments.Length));
        Assert.True(command.ExpectsAnswer);
        Assert.Equal(Hex.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(command.EncodePayload().Span));
    }

    [Fact]
    public void Type_17_has_a_format_byte_and_may_switch_to_AMF3()
    {
        var command = Parse("00 02 0004 63616C6C 00 4000000000000000 05 11 0A 0B 01 03 61 04 01 01 11 0A 00", MessageType.CommandAmf3);
        Assert.Equal("call", command.Name);
        Assert.Equal(1, command[0]["a"].AsInteger());
        // The second value refers to the first one: the AMF3 tables last for the message.
        Assert.Same(command[0].AsObject(), command[1].AsObject());

        var again = Sent(command, MessageType.CommandAmf3);
        Assert.Same(again[0].AsObject(), again[1].AsObject());
    }

    [Theory]
    [InlineData("", MessageType.CommandAmf0, ProtocolError.AmfTruncated)]
    [InlineData("05", MessageType.CommandAmf0, ProtocolError.CommandFormat)]
    [InlineData("02 0000", MessageType.CommandAmf0, ProtocolError.CommandFormat)]
    [InlineData("", MessageType.CommandAmf3, ProtocolError.CommandFormat)]
    [InlineData("03 02 0001 61", MessageType.CommandAmf3, ProtocolError.CommandFormat)]
    [InlineData("02 0001 61 00 3FF0", MessageType.CommandAmf0, ProtocolError.AmfTruncated)]
    public void What_is_no_command_is_refused(string hex, MessageType type, ProtocolError error)
    {
        // An empty payload has no name either; which of the two errors it is does not matter.
        var thrown = Assert.Throws<RtmpProtocolException>(() => Parse(hex, type)).Error;
        Assert.True(thrown == error || (hex.Length == 0 && thrown == ProtocolError.CommandFormat), thrown.ToString());
    }

    [Theory]
    [InlineData("02 0001 61", 0)]
    [InlineData("02 0001 61 05", 0)]
    [InlineData("02 0001 61 00 7FF8000000000000", 0)]
    [InlineData("02 0001 61 00 7FF0000000000000", 0)]
    [InlineData("02 0001 61 00 7E37E43C8800759C", 1e300)]
    public void A_transaction_that_is_missing_or_no_number_wants_no_answer(string hex, double expected)
    {
        var command = Parse(hex);
        Assert.Equal(expected, command.TransactionId);
        Assert.Equal(expected != 0, command.ExpectsAnswer);
        Assert.Equal(AmfValue.Undefined, command[0]);
        Assert.Equal(AmfValue.Undefined, command[-1]);
    }

    [Fact]
    public void The_outgoing_message_holds_the_payload_in_chunks()
    {
        var command = new CommandMessage("m", 0, AmfValue.Null, new string('x', 300));
        var payload = command.EncodePayload();
        var outgoing = command.ToOutgoing(chunkSize: 128);
        Assert.Equal(payload.Length, outgoing.PayloadLength);
        Assert.Equal(payload.Length + 2, outgoing.Body.Count);
        Assert.Equal(MessageType.CommandAmf0, outgoing.Type);
        outgoing.Release();
        payload.Release();
    }
}
