using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Rtmp.Tests.Chunks;

namespace RoomGrains.Rtmp.Tests.Messages;

public class AggregateReaderTests
{
    [Fact]
    public void It_is_taken_apart_and_times_are_moved_to_its_own()
    {
        Assert.Equal(
            [new(MessageType.Audio, 5000, 7, "AF01"), new(MessageType.Video, 5023, 7, "17"), new(MessageType.DataAmf0, 5023, 7, "")],
            Read("08 000002 000064 00 000000 AF01 0000000D  09 000001 00007B 00 000000 17 0000000C  12 000000 00007B 00 000000 0000000B"));
    }

    [Fact]
    public void The_high_byte_of_a_time_stands_behind_its_others()
    {
        Assert.Equal([new(MessageType.Audio, 5000, 7, ""), new(MessageType.Audio, 5001, 7, "")],
            Read("08 000000 FFFFFF 01 000000 0000000B  08 000000 000000 02 000000 0000000B"));
    }

    [Fact]
    public void The_first_time_may_be_later_than_the_aggregates()
    {
        Assert.Equal([new(MessageType.Audio, 5000, 7, ""), new(MessageType.Audio, 5010, 7, "")],
            Read("08 000000 FFFFF0 FF 000000 0000000B  08 000000 FFFFFA FF 000000 0000000B"));
    }

    // FFmpeg, librtmp and SRS go by the size alone; so do we.
    [Fact]
    public void The_value_of_a_back_pointer_and_the_absence_of_the_last_are_let_pass()
    {
        Assert.Equal([new(MessageType.Audio, 5000, 7, "AF01"), new(MessageType.Video, 5000, 7, "17")],
            Read("08 000002 000000 00 000000 AF01 00000000  09 000001 000000 00 000000 17"));
    }

    [Fact]
    public void An_empty_one_holds_nothing() => Assert.Empty(Read(""));

    [Theory]
    [InlineData("16 000000 000000 00 000000 0000000B", ProtocolError.AggregateNested)]
    [InlineData("14 000000 000000 00 000000 0000000B", ProtocolError.AggregateContent)]
    [InlineData("01 000004 000000 00 000000 00000001 0000000F", ProtocolError.AggregateContent)]
    [InlineData("08", ProtocolError.AggregateSize)]
    [InlineData("08 000000 000000 00 0000", ProtocolError.AggregateSize)]
    [InlineData("08 000003 000000 00 000000 AF01", ProtocolError.AggregateSize)]
    [InlineData("08 FFFFFF 000000 00 000000 AF01", ProtocolError.AggregateSize)]
    [InlineData("08 000002 000000 00 000000 AF01 000000", ProtocolError.AggregateSize)]
    [InlineData("08 000000 000000 00 000000 0000000B 16 000000 000000 00 000000 0000000B", ProtocolError.AggregateNested)]
    public void What_is_not_legal_ends_with_its_error(string hex, ProtocolError error)
    {
        Assert.Equal(error, Assert.Throws<RtmpProtocolException>(() => Read(hex)).Error);
    }

    [Fact]
    public void The_number_of_messages_has_a_limit()
    {
        const string Empty = "08 000000 000000 00 000000 0000000B";
        Assert.Equal(AggregateReader.MaxMessages, Read(ChunkCases.Times(AggregateReader.MaxMessages, Empty)).Count);
        var error = Assert.Throws<RtmpProtocolException>(() => Read(ChunkCases.Times(AggregateReader.MaxMessages + 1, Empty))).Error;
        Assert.Equal(ProtocolError.AggregateCount, error);
    }

    private static List<Received> Read(string hex)
    {
        var reader = new AggregateReader(new RtmpMessage(MessageType.Aggregate, 5000, 7, SharedBuffer.CopyOf(Wire.Hex(hex))));
        var messages = new List<Received>();
        while (reader.TryRead(out var message))
        {
            messages.Add(new(message.Type, message.Timestamp, message.StreamId, Convert.ToHexString(message.Payload.Span)));
            message.Release();
        }
        return messages;
    }
}
