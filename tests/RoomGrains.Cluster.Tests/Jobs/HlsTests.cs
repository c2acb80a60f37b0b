using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Jobs;

/// <summary>HLS, seen by those who play it: hls.js in Chromium, and FFmpeg.</summary>
public sealed class HlsTests(NodeFixture fixture)
{
    /// <summary>Long enough for a browser to start while the stream is live.</summary>
    private const int Seconds = 24;

    [Fact]
    public async Task A_live_stream_plays_in_a_browser_from_its_start_to_its_end()
    {
        Assert.SkipUnless(BrowserPage.CanOpen, "There is no Chromium or no hls.js: scripts/packages test installs both.");
        var cancel = TestLimit.Token();
        var stream = new StreamKey(fixture.NewRoom(), "alice");
        var job = await fixture.Grains.StartJobAsync("hls", stream, ("mode", "event"));
        await fixture.Grains.JobWaitsAsync(job.Id, cancel);
        await using var publisher = Publish(stream, seconds: Seconds);
        var running = await fixture.Grains.JobAsync(job.Id, details => details.Summary is { State: MediaJobState.Running, Progress.MediaTime.TotalSeconds: > 3 }, cancel);
        Assert.Equal($"/hls/{stream}/index.m3u8", running.Summary.Path);
        var playlist = fixture.Node.Http(running.Summary.Path);
        await using var ffplay = RunningProgram.Start("ffmpeg", ["-v", "info", "-live_start_index", "0", "-i", playlist.ToString(), "-map", "0:v", "-c", "copy", "-f", "framemd5", "-"], binaryOutput: true);
        await using (var page = BrowserPage.Open(playlist))
        {
            await page.UntilAsync(report => report.Time > 2, cancel);
            Assert.False(publisher.HasExited, "It has played while the stream is live.");
            var ended = await page.UntilAsync(report => report.Kind == "ended" || report.Time > Seconds - 0.5, cancel);
            TestContext.Current.TestOutputHelper!.WriteLine($"{ended}");
        }
        Assert.True(await publisher.ExitAsync(TimeSpan.FromSeconds(30)) == 0, publisher.Output);
        Assert.True(await ffplay.ExitAsync(TimeSpan.FromSeconds(60)) == 0, ffplay.Output);
        var frames = System.Text.Encoding.UTF8.GetString(ffplay.Bytes.ToArray()).Split('\n').Count(line => line.StartsWith("0,", StringComparison.Ordinal));
        Assert.Equal(Seconds * 25, frames);
        await fixture.Grains.JobAsync(job.Id, details => details.Summary.State == MediaJobState.Finished, cancel);
    }

    [Fact]
    public async Task The_renditions_of_a_ladder_begin_their_segments_at_the_same_key_frames()
    {
        var cancel = TestLimit.Token();
        var stream = new StreamKey(fixture.NewRoom(), "alice");
        var job = await fixture.Grains.StartJobAsync("hls", stream, ("ladder", "360p,240p"), ("mode", "event"));
        await fixture.Grains.JobWaitsAsync(job.Id, cancel);
        await using var publisher = Publish(stream, seconds: 10);
        await fixture.Grains.JobAsync(job.Id, details => details.Summary.IsOver, cancel);
        using var http = new HttpClient();
        var master = await http.GetStringAsync(fixture.Node.Http($"/hls/{stream}/index.m3u8"), cancel);
        var renditions = master.Split('\n').Where(line => line.Length > 0 && line[0] != '#').ToArray();
        Assert.Equal(2, renditions.Length);
        Assert.Contains("RESOLUTION=640x360", master, StringComparison.Ordinal);
        Assert.Contains("RESOLUTION=426x240", master, StringComparison.Ordinal);
        var lengths = await Task.WhenAll(renditions.Select(async name =>
            (await http.GetStringAsync(fixture.Node.Http($"/hls/{stream}/{name.Trim()}"), cancel)).Split('\n').Where(line => line.StartsWith("#EXTINF:", StringComparison.Ordinal)).ToArray()));
        Assert.NotEmpty(lengths[0]);
        Assert.Equal(lengths[0], lengths[1]);
    }

    private RunningProgram Publish(StreamKey stream, int seconds) => RunningProgram.Start("ffmpeg",
    [
        "-v", "info", "-re", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25", "-f", "lavfi", "-i", "sine=f=440", "-t", $"{seconds}", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25",
        "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", fixture.Url(stream.Room, stream.Stream),
    ]);
}
