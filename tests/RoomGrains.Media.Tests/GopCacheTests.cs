namespace RoomGrains.Media.Tests;

public sealed class GopCacheTests
{
    // A key frame is 9 bytes here, an audio frame 6.
    [Theory]
    [InlineData("bytes")]
    [InlineData("messages")]
    [InlineData("duration")]
    public void A_gop_over_a_cap_is_given_up_until_the_next_key_frame(string cap)
    {
        using var stage = new Stage(cap switch
        {
            "bytes" => new StreamOptions { GopCacheBytes = 30 },
            "messages" => new StreamOptions { GopCacheMessages = 3 },
            _ => new StreamOptions { GopCacheDuration = TimeSpan.FromMilliseconds(80) },
        });
        var publication = stage.Publish();
        stage.Send(publication, "K1@0 I2@40 I3@80");
        Assert.Equal("K1@0 I2@40 I3@80", stage.Play().Sink.Take());
        stage.Send(publication, "I4@120");
        var (_, waiting) = stage.Play();
        Assert.Equal(1, stage.Counted("roomgrains.media.gop.given_up"));
        stage.Send(publication, "I5@160 A6@170 K7@200 I8@240");
        Assert.Equal("A6@170 K7@200 I8@240", waiting.Take());
        Assert.Equal("K7@200 I8@240", stage.Play().Sink.Take());
        Assert.Equal(1, stage.Counted("roomgrains.media.gop.given_up"));
    }

    [Fact]
    public void A_key_frame_that_exceeds_the_cap_alone_is_not_cached()
    {
        using var stage = new Stage(new StreamOptions { GopCacheBytes = 8 });
        var publication = stage.Publish();
        stage.Send(publication, "K1@0 I2@40");
        Assert.Equal("", stage.Play().Sink.Take());
    }

    [Fact]
    public void A_clock_set_back_gives_the_gop_up()
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        stage.Send(publication, "K1@100000 I2@100040 I3@0");
        Assert.Equal("", stage.Play().Sink.Take());
    }
}
