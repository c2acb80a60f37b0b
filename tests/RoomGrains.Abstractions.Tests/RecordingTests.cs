namespace RoomGrains.Abstractions.Tests;

public sealed class RecordingTests
{
    private static readonly Recording Alice = new()
    {
        Job = JobId.New(), Part = 2, Profile = "record", Stream = new StreamKey(new RoomKey("chat", "lobby"), "alice"), Node = "n1", File = "x", State = RecordingState.Complete,
    };

    [Fact]
    public void A_file_is_fetched_by_its_name_and_what_is_live_by_its_stream()
    {
        Assert.Equal($"/recordings/{Alice.Job}-2", Alice.Path);
        Assert.Equal("/hls/chat/lobby/alice/index.m3u8", (Alice with { Profile = "hls" }).Path);
        Assert.Equal("/thumbnails/chat/lobby/alice.jpg", (Alice with { Profile = "thumbnail" }).Path);
        Assert.Equal("/hls/chat/lobby/%C3%A4/index.m3u8", (Alice with { Profile = "hls", Stream = new StreamKey(Alice.Stream.Room, "ä") }).Path);
    }

    [Fact]
    public void A_name_is_read_as_it_was_written()
    {
        Assert.True(Recording.TryParseName(Alice.Name, out var job, out var part));
        Assert.Equal((Alice.Job, 2), (job, part));
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("-"), InlineData("-1"), InlineData("x-1"), InlineData("01kasx3v9d8yk4s7r2m5q0ztfw"), InlineData("01kasx3v9d8yk4s7r2m5q0ztfw-")]
    [InlineData("01kasx3v9d8yk4s7r2m5q0ztfw--1"), InlineData("01kasx3v9d8yk4s7r2m5q0ztfw-x"), InlineData("01kasx3v9d8yk4s7r2m5q0ztfw-1/.."), InlineData("01kasx3v9d8yk4s7r2m5q0ztfw-99999999999")]
    public void What_is_no_name_is_none(string? text) => Assert.False(Recording.TryParseName(text, out _, out _));
}
