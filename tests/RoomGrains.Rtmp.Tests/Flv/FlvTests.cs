using System.Buffers;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Enhanced;
using RoomGrains.Rtmp.Flv;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Flv;

public sealed class FlvTests(ITestOutputHelper output)
{
    private const string Header = "464C5601 05 00000009";

    private const string Small = Header + "00000000" + "12 000003 000000 00 000000 020000" + "0000000E" + "08 000002 000017 00 000000 AF01" + "0000000D"
        + "09 000001 FFFFFF 01 000000 27" + "0000000C";

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>Everything that can be read, written as text.</summary>
    private static (List<string> Tags, long Left) Read(FlvReader reader, ReadOnlySequence<byte> bytes)
    {
        var tags = new List<string>();
        while (reader.TryRead(ref bytes, out var tag))
            tags.Add($"{tag.Type} {tag.Timestamp} {Convert.ToHexString(tag.Data.ToArray())}");
        return (tags, bytes.Length);
    }

    [Fact]
    public void Tags_are_read_at_every_split_and_at_every_length_of_what_has_arrived()
    {
        string[] expected = ["DataAmf0 0 020000", "Audio 23 AF01", "Video 33554431 27"];
        foreach (var split in Splits.Every(Bytes(Small)))
        {
            var reader = new FlvReader();
            Assert.Equal(expected, Read(reader, split).Tags);
            Assert.Equal(new FlvHeader(true, true), reader.Header);

            // One byte more each time, what was consumed taken away: as a pipe does.
            reader = new FlvReader();
            var tags = new List<string>();
            var consumed = 0L;
            for (var arrived = 1; arrived <= split.Length; arrived++)
            {
                var (more, left) = Read(reader, split.Slice(consumed, arrived - consumed));
                tags.AddRange(more);
                consumed = arrived - left;
            }
            Assert.Equal(expected, tags);
            // The last length has nothing behind it to be read with.
            Assert.Equal(4, split.Length - consumed);
        }
    }

    [Fact]
    public void What_is_written_is_what_was_read()
    {
        var written = new ArrayBufferWriter<byte>();
        FlvWriter.WriteHeader(written, new FlvHeader(true, true));
        FlvWriter.WriteTag(written, MessageType.DataAmf0, 0, [2, 0, 0]);
        FlvWriter.WriteTag(written, MessageType.Audio, 23, [0xAF, 1]);
        FlvWriter.WriteTag(written, MessageType.Video, 0x01FFFFFF, [0x27]);
        Assert.Equal(Convert.ToHexString(Bytes(Small)), Convert.ToHexString(written.WrittenSpan));
        Assert.Throws<ArgumentOutOfRangeException>(() => FlvWriter.WriteTagHeader(written, MessageType.Video, 0, 0x1000000));
    }

    [Theory]
    [InlineData("474C5601 05 00000009", ProtocolError.FlvHeader)]
    [InlineData("464C5602 05 00000009", ProtocolError.FlvHeader)]
    [InlineData("464C5601 05 00000008", ProtocolError.FlvHeader)]
    [InlineData("464C5601 05 FFFFFFFF", ProtocolError.FlvHeader)]
    [InlineData(Header + "00000000 29 000001 000000 00 000000 00", ProtocolError.FlvTag)]
    [InlineData(Header + "00000007 08 000001 000000 00 000000 00", ProtocolError.FlvTag)]
    [InlineData(Header + "00000000 08 000001 000000 00 000000 00 0000000D 08 000001 000000 00 000000 00", ProtocolError.FlvTag)]
    [InlineData(Header + "00000000 09 000401 000000 00 000000", ProtocolError.FlvTag)]
    public void What_is_no_FLV_is_refused(string hex, ProtocolError error) =>
        Assert.Equal(error, Assert.Throws<RtmpProtocolException>(() => Read(new FlvReader(maxTagLength: 1024), new ReadOnlySequence<byte>(Bytes(hex)))).Error);

    [Theory]
    [InlineData("00000000")]
    [InlineData("00000001")]
    [InlineData("0000000C")]
    public void A_length_of_the_tag_before_that_muxers_get_wrong_is_tolerated(string length) =>
        Assert.Equal(2, Read(new FlvReader(), new ReadOnlySequence<byte>(Bytes(
            Header + "00000000 08 000001 000000 00 000000 AA" + length + "08 000001 000000 00 000000 BB"))).Tags.Count);

    [Fact]
    public void A_longer_header_is_skipped() =>
        Assert.Equal(["Audio 0 AA"], Read(new FlvReader(), new ReadOnlySequence<byte>(Bytes(
            "464C5601 04 0000000B FFFF 00000000 08 000001 000000 00 000000 AA"))).Tags);

    [Fact]
    public void Real_files_are_understood_and_written_again_byte_by_byte()
    {
        var files = SharedFiles.Media("*.flv");
        Assert.SkipWhen(files.Count == 0, SharedFiles.Missing("media"));
        foreach (var file in files)
        {
            var bytes = File.ReadAllBytes(file);
            var written = new ArrayBufferWriter<byte>(bytes.Length);
            var reader = new FlvReader();
            var rest = new ReadOnlySequence<byte>(bytes);
            var kinds = new SortedDictionary<string, int>();
            while (reader.TryRead(ref rest, out var tag))
            {
                if (written.WrittenCount == 0)
                    FlvWriter.WriteHeader(written, reader.Header!.Value);
                var data = tag.Data.ToArray();
                FlvWriter.WriteTag(written, tag.Type, tag.Timestamp, data);
                var kind = Understand(tag.Type, data);
                kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            }
            Assert.Equal(4, rest.Length);
            Assert.True(written.WrittenSpan.SequenceEqual(bytes), file);
            output.WriteLine($"{Path.GetFileName(file)}: {string.Join(", ", kinds.Select(k => $"{k.Value} {k.Key}"))}");
        }
    }

    [Fact]
    public void No_bytes_whatever_are_more_than_read_or_refused()
    {
        var random = new Random(Seed.Next(output));
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Bytes(Small)[..random.Next(Small.Length / 2 - 8)];
            for (var n = random.Next(4); n > 0 && bytes.Length > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                Read(new FlvReader(), new ReadOnlySequence<byte>(bytes));
            }
            catch (RtmpProtocolException e)
            {
                Assert.StartsWith("Flv", e.Error.ToString(), StringComparison.Ordinal);
            }
        }
    }

    private static string Understand(MessageType type, byte[] data)
    {
        switch (type)
        {
            case MessageType.Video:
                Assert.True(VideoHeader.TryParse(data, out var video));
                return $"{video.Codec} {Enhanced.HeaderCases.Describe(video).Split(' ')[0]} of {Enhanced.HeaderCases.Describe(video.GetTracks(data)).Split(':')[0]}";
            case MessageType.Audio:
                Assert.True(AudioHeader.TryParse(data, out var audio));
                return $"{audio.Codec} {Enhanced.HeaderCases.Describe(audio).Split(' ')[0]} of {Enhanced.HeaderCases.Describe(audio.GetTracks(data)).Split(':')[0]}";
            default:
                return DataMessage.Parse(type, data).Handler;
        }
    }
}
