using RoomGrains.Load.Media;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Enhanced;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Load.Tests;

public sealed class FlvReplayTests
{
    [Fact]
    public void Headers_are_apart_and_frames_begin_at_zero_wherever_the_file_does()
    {
        var replay = FlvReplay.Read(Clip.Bytes(firstTime: 90_000))!;
        Assert.Equal([MessageType.DataAmf0, MessageType.Video, MessageType.Audio], replay.Headers.Select(header => header.Type));
        Assert.Equal(DataFrame.Set, DataMessage.Parse(MessageType.DataAmf0, replay.Headers[0].Payload).Frame);
        Assert.Equal((50, 80, 2), (replay.VideoFrames, replay.AudioFrames, replay.KeyFrames));
        Assert.Equal(0u, replay.Frames[0].Time);
        Assert.Equal(replay.Frames.Select(frame => frame.Time).Order(), replay.Frames.Select(frame => frame.Time));
        // The next round begins when the last frame has been shown.
        Assert.Equal((2000u, 40u, 25.0), (replay.Duration, replay.FrameTime, replay.FrameRate));
        Assert.Equal((2 * 800 + 48 * 200 + 80 * 60) * 8 / 2, replay.BitsPerSecond);
    }

    [Fact]
    public void A_real_recording_is_taken()
    {
        var files = SharedFiles.Media("*.flv");
        Assert.SkipWhen(files.Count == 0, SharedFiles.Missing("media"));
        Assert.All(files, file =>
        {
            var replay = FlvReplay.Load(file);
            Assert.InRange(replay.FrameRate, 5, 70);
            Assert.True(replay.KeyFrames > 0);
            Assert.True(VideoHeader.TryParse(replay.Frames.First(frame => frame.Type == MessageType.Video).Payload, out var first) && first.IsKeyFrame);
        });
    }

    [Theory]
    [InlineData(null, "which FLV file")]
    [InlineData("/nowhere/clip.flv", "/nowhere/clip.flv")]
    public void Without_a_file_the_error_says_how_to_make_one(string? path, string words)
    {
        var error = Assert.Throws<LoadException>(() => FlvReplay.Load(path));
        Assert.Equal(LoadFailure.Usage, error.Failure);
        Assert.Contains(words, error.Message);
        Assert.Contains("ffmpeg -f lavfi", error.Message);
    }

    [Fact]
    public void A_file_that_is_no_FLV_or_has_no_pictures_is_refused()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "This is a text, and none of the kind that is wanted here.");
            Assert.Contains("is no FLV", Assert.Throws<LoadException>(() => FlvReplay.Load(path)).Message);
            File.WriteAllBytes(path, Clip.Bytes()[..300]);
            Assert.Contains("less than two video frames", Assert.Throws<LoadException>(() => FlvReplay.Load(path)).Message);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
