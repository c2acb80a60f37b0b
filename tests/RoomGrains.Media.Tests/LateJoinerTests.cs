using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Media.Tests;

public sealed class LateJoinerTests
{
    private static readonly string[] Stream =
    [
        "meta640@0", "VH1@0", "AH1@0",
        "K1@100", "A2@110", "I3@140", "D4@160", "A5@170", "I6@180",
        "K7@220", "A8@230", "I9@260", "A10@290", "I11@300",
        "A12@320", "K13@340", "I14@380", "A15@390",
    ];

    [Fact]
    public void Joining_after_any_message_gets_headers_then_the_gop_then_what_is_live()
    {
        for (var at = 3; at <= Stream.Length; at++)
        {
            using var stage = new Stage();
            var publication = stage.Publish();
            stage.Send(publication, string.Join(' ', Stream[..at]));
            var (_, sink) = stage.Play();
            stage.Send(publication, string.Join(' ', Stream[at..]));

            var key = Array.FindLastIndex(Stream, at - 1, word => word[0] == 'K');
            var first = key >= 0 ? key : at;
            if (first == Stream.Length)
                continue;
            var stamp = Stream[first].Split('@')[1];
            Assert.Equal($"meta640@{stamp} VH1@{stamp} AH1@{stamp} {string.Join(' ', Stream[first..])}", sink.Take());
        }
    }

    [Fact]
    public void In_low_latency_audio_starts_at_once_and_video_at_the_next_key_frame()
    {
        for (var at = 4; at < Stream.Length; at++)
        {
            using var stage = new Stage(new StreamOptions { LowLatency = true });
            var publication = stage.Publish();
            stage.Send(publication, string.Join(' ', Stream[..at]));
            var (_, sink) = stage.Play();
            Assert.Equal("", sink.Take());
            stage.Send(publication, string.Join(' ', Stream[at..]));

            var key = Array.FindIndex(Stream, at, word => word[0] == 'K');
            var expected = Stream.Where((word, i) => i >= at && (word[0] == 'A' || key >= 0 && i >= key)).ToArray();
            var stamp = expected[0].Split('@')[1];
            Assert.Equal($"meta640@{stamp} VH1@{stamp} AH1@{stamp} {string.Join(' ', expected)}", sink.Take());
        }
    }

    [Fact]
    public void Who_waits_for_a_publisher_is_told_and_gets_headers_with_the_first_frames_timestamp()
    {
        using var stage = new Stage();
        var (_, sink) = stage.Play();
        var publication = stage.Publish();
        Assert.Equal("PublishStarted", sink.Take());
        stage.Send(publication, "meta640@0 AH1@0 VH1@0");
        Assert.Equal("", sink.Take());
        stage.Send(publication, "K1@3600000 I2@3600040");
        Assert.Equal("meta640@3600000 VH1@3600000 AH1@3600000 K1@3600000 I2@3600040", sink.Take());
    }

    [Fact]
    public void A_stream_of_audio_only_starts_at_once()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        stage.Send(publication, "AH1@0 A1@0 A2@23");
        var (_, sink) = stage.Play();
        stage.Send(publication, "A3@46 A4@70");
        Assert.Equal("AH1@46 A3@46 A4@70", sink.Take());
    }

    [Fact]
    public void Inter_frames_are_never_sent_before_a_key_frame()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, "VH1@0 I1@0 D2@40 K3@80 I4@120");
        Assert.Equal("VH1@80 K3@80 I4@120", sink.Take());
    }

    [Fact]
    public void Metadata_that_repeats_is_sent_once_and_a_change_goes_out_with_the_next_frame()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, "meta640@0 A1@0 meta640@0 meta640@10 A2@20 meta1280@20 A3@40 meta1280@40 A4@60");
        Assert.Equal("meta640@0 A1@0 A2@20 meta1280@40 A3@40 A4@60", sink.Take());
        Assert.Equal((1280, 360), (stage.Hub.Snapshot()[0].Width, stage.Hub.Snapshot()[0].Height));
    }

    [Fact]
    public void Cleared_metadata_does_not_reach_joiners()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        stage.Send(publication, "meta640@0 A1@0");
        stage.Send(publication, MessageType.DataAmf0, 0, Words.Amf("@clearDataFrame", "onMetaData"));
        var (_, sink) = stage.Play();
        stage.Send(publication, "A2@20");
        Assert.Equal("A2@20", sink.Take());
        Assert.Equal(0, stage.Hub.Snapshot()[0].Width);
    }

    [Fact]
    public void A_changed_sequence_header_goes_out_before_the_next_frame_and_ends_the_cached_gop()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        var (_, early) = stage.Play();
        stage.Send(publication, "VH1@0 AH1@0 K1@0 I2@40 AH2@60");
        var (_, late) = stage.Play();
        stage.Send(publication, "A3@60 I4@80 VH1@80 VH2@120 K5@120 I6@160");
        Assert.Equal("VH1@0 AH1@0 K1@0 I2@40 AH2@60 A3@60 I4@80 VH2@120 K5@120 I6@160", early.Take());
        Assert.Equal("VH1@60 AH2@60 A3@60 VH2@120 K5@120 I6@160", late.Take());
    }

    [Fact]
    public void Data_messages_are_live_only_and_type_15_becomes_type_18()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        var (_, early) = stage.Play();
        stage.Send(publication, "T1@5");
        stage.Send(publication, MessageType.DataAmf3, 6, [0, .. Words.Amf("onTextData", 2)]);
        stage.Send(publication, MessageType.DataAmf3, 7, [0, .. Words.Amf("@setDataFrame"), .. Words.Metadata(640)]);
        stage.Send(publication, MessageType.DataAmf0, 8, [.. Words.Amf("@setDataFrame", "|RtmpSampleAccess", 3)]);
        var (_, late) = stage.Play();
        stage.Send(publication, "A3@10");
        Assert.Equal("T1@5 T2@6 T3@8 meta640@10 A3@10", early.Take());
        Assert.All(early.Messages, m => Assert.NotEqual(MessageType.DataAmf3, m.Type));
        Assert.Equal("meta640@10 A3@10", late.Take());
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("02FFFF41")]
    [InlineData("05")]
    [InlineData("02000D40736574446174614672616D65")] // @setDataFrame and nothing
    [InlineData("02000A6F6E4D65746144617461030005776964")] // onMetaData cut in a key
    public void Malformed_data_is_left_out_and_counted(string hex)
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, MessageType.DataAmf0, 0, Convert.FromHexString(hex));
        stage.Send(publication, MessageType.DataAmf3, 0, Convert.FromHexString(hex));
        stage.Send(publication, "A1@0");
        Assert.Equal("A1@0", sink.Take());
        Assert.Equal(2, stage.Counted("roomgrains.media.messages.malformed"));
    }

    [Fact]
    public void Data_that_AMF0_cannot_say_is_left_out_and_counted()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        // An AMF3 object (11 0A 0B 01) with a name of 70 000 characters; names in AMF0 have 65 535 at most.
        byte[] name = [0x88, 0xC5, 0x61, .. Enumerable.Repeat((byte)'a', 70_000)];
        stage.Send(publication, MessageType.DataAmf3, 0, [0, .. Words.Amf("onTextData"), 0x11, 0x0A, 0x0B, 0x01, .. name, 0x04, 0x00, 0x01]);
        Assert.Equal("", sink.Take());
        Assert.Equal(1, stage.Counted("roomgrains.media.messages.malformed"));
    }

    [Fact]
    public void Empty_and_one_byte_messages_pass()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        var (_, sink) = stage.Play();
        stage.Send(publication, "K1@0");
        stage.Send(publication, MessageType.Audio, 10, []);
        stage.Send(publication, MessageType.Video, 20, []);
        for (var first = 0; first < 256; first++)
        {
            stage.Send(publication, MessageType.Audio, 30, [(byte)first]);
            stage.Send(publication, MessageType.Video, 30, [(byte)first]);
        }
        Assert.Equal(["K1@0", "AudioEmpty@10", "VideoEmpty@20"], sink.Seen.Take(3));
    }

    [Fact]
    public void Headers_without_room_are_forwarded_but_not_kept()
    {
        using var stage = new Stage(new StreamOptions { HeaderCacheBytes = 20 });
        var publication = stage.Publish();
        var (_, early) = stage.Play();
        stage.Send(publication, "VH1@0 AH1@0 meta640@0 K1@0 meta641@5 I2@40");
        Assert.Equal(2, stage.Counted("roomgrains.media.headers.refused"));
        var (_, late) = stage.Play();
        Assert.Equal("meta640@0 VH1@0 AH1@0 K1@0 meta641@5 I2@40", early.Take());
        Assert.Equal("VH1@0 AH1@0 K1@0 I2@40", late.Take());
    }
}
