using RoomGrains.Grains.Jobs;
using RoomGrains.Testing;
using RoomGrains.Workers.Processes;

namespace RoomGrains.Workers.Tests;

/// <summary>Recordings: what was published, frame by frame, whatever happens to their writer.</summary>
public sealed class RecordTests(Stage stage) : IDisposable
{
    private readonly TemporaryFolder _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("mp4")]
    [InlineData("flv")]
    [InlineData("mkv")]
    public async Task A_recording_has_every_frame_of_the_stream_and_ends_with_it(string format)
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 10);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var attempt = worker.Run("record", stream, ("format", format));
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream), rate: 4);
        Assert.Matches($@"^{stream}/record/\d{{8}}T\d{{6}}Z-[0-9a-z]{{26}}-1-1\.{format}$", await attempt.Started.WaitAsync(cancel));
        var result = await attempt.Result.WaitAsync(cancel);

        Assert.Equal((MediaRunEnd.StreamEnded, ""), (result.End, result.Reason));
        Assert.True(result.Result!.IsWhole);
        Assert.Equal(await attempt.Started, result.Result.File);
        Assert.InRange(result.Result.Duration.TotalSeconds, 9.9, 10.1);
        var file = worker.PathOf(result);
        Assert.Equal(new FileInfo(file).Length, result.Result.Bytes);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(file, cancel))), result.Result.Sha256);
        var (source, recorded) = (await Film.FramesAsync(film), await Film.FramesAsync(file));
        Assert.Equal(250, source.Video.Length);
        Assert.Equal(source.Video, recorded.Video);
        Assert.Equal(source.Audio, recorded.Audio);
        // Its index is in front: players seek without reading it all.
        if (format == "mp4")
            Assert.InRange(Position(file, "moov"), 0, Position(file, "mdat"));
    }

    [Theory]
    [InlineData("-an", "0:v", 50)]
    [InlineData("-vn", "0:a", 86)]
    public async Task A_stream_of_pictures_or_of_sound_alone_is_recorded_as_well(string without, string map, int least)
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 2, without);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var attempt = worker.Run("record", stream);
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream));
        var result = await attempt.Result.WaitAsync(cancel);
        Assert.Equal((MediaRunEnd.StreamEnded, true), (result.End, result.Result?.IsWhole));
        Assert.True((await Film.FramesAsync(worker.PathOf(result), map)).Length >= least, attempt.Said);
        Assert.Equal(await Film.FramesAsync(film, map), await Film.FramesAsync(worker.PathOf(result), map));
    }

    [Fact]
    public async Task Who_stops_a_recording_has_a_whole_file_at_once()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 10);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var attempt = worker.Run("record", stream);
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream), forever: true);
        await attempt.UntilAsync(progress => progress.MediaTime > TimeSpan.FromSeconds(2), cancel);
        var result = await attempt.StopAsync().WaitAsync(cancel);
        Assert.Equal((MediaRunEnd.Stopped, "", true), (result.End, result.Reason, result.Result!.IsWhole));
        var file = worker.PathOf(result);
        var recorded = (await Film.FramesAsync(file)).Video;
        Assert.InRange(recorded.Length, 50, 200);
        // From the first picture that was published, and none is missing.
        Assert.Equal((await Film.FramesAsync(film)).Video.Take(recorded.Length), recorded);
        Assert.InRange(Position(file, "moov"), 0, Position(file, "mdat"));
        Assert.False(publisher.HasExited);
    }

    [Fact]
    public async Task A_recording_whose_FFmpeg_is_killed_plays_up_to_about_then()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 20);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var attempt = worker.Run("record", stream);
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream));
        await attempt.UntilAsync(progress => progress.MediaTime > TimeSpan.FromSeconds(3), cancel);
        Kill("KILL", worker.Process);
        var result = await attempt.Result.WaitAsync(cancel);
        Assert.Equal((MediaRunEnd.Failed, "FFmpeg ended by itself with 137 (signal 9)."), (result.End, result.Reason));
        Assert.False(result.Result!.IsWhole);
        Assert.InRange(result.Result.Duration.TotalSeconds, 1.9, 20);
        var recorded = (await Film.FramesAsync(worker.PathOf(result))).Video;
        Assert.InRange(recorded.Length, 50, 500);
        Assert.Equal((await Film.FramesAsync(film)).Video.Take(recorded.Length), recorded);
    }

    [Fact]
    public async Task An_FFmpeg_that_stands_still_is_found_and_ended()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 10);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync(options => options.StallTime = TimeSpan.FromSeconds(3));
        var attempt = worker.Run("record", stream);
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream), forever: true);
        await attempt.UntilAsync(progress => progress.MediaTime > TimeSpan.FromSeconds(2), cancel);
        Kill("STOP", worker.Process);
        var result = await attempt.Result.WaitAsync(cancel);
        Assert.Equal((MediaRunEnd.Failed, "FFmpeg got frames for 3 s and was no further."), (result.End, result.Reason));
        Assert.False(result.Result!.IsWhole);
        Assert.NotEmpty((await Film.FramesAsync(worker.PathOf(result))).Video);
    }

    [Fact]
    public async Task An_FFmpeg_that_does_not_end_when_it_should_is_killed()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 10);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync(options => options.StopTime = TimeSpan.FromMilliseconds(500));
        var attempt = worker.Run("record", stream);
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream), forever: true);
        await attempt.UntilAsync(progress => progress.MediaTime > TimeSpan.FromSeconds(2), cancel);
        var process = worker.Process;
        Kill("STOP", process);
        var result = await attempt.StopAsync().WaitAsync(cancel);
        Assert.Equal((MediaRunEnd.Stopped, "FFmpeg had to be ended.", false), (result.End, result.Reason, result.Result!.IsWhole));
        Assert.Null(ProcessTable.StartTimeOf(process));
    }

    [Fact]
    public async Task A_stream_that_nobody_publishes_is_waited_for_and_leaves_nothing()
    {
        var cancel = TestLimit.Token();
        await using var worker = await stage.StartWorkerAsync();
        worker.Patience = TimeSpan.FromMilliseconds(300);
        var attempt = worker.Run("record", new StreamKey(stage.NewRoom(), "nobody"));
        Assert.Equal(new MediaRunResult(MediaRunEnd.NoStream, "", null), await attempt.Result.WaitAsync(cancel));
        worker.Patience = TimeSpan.FromMinutes(5);
        attempt = worker.Run("record", new StreamKey(stage.NewRoom(), "nobody"));
        Assert.Equal(new MediaRunResult(MediaRunEnd.Stopped, "", null), await attempt.StopAsync().WaitAsync(cancel));
        Assert.Empty(Directory.EnumerateFileSystemEntries(worker.Folder).Select(Path.GetFileName).Except([".tmp", ".running"]));
    }

    [Fact]
    public async Task A_publisher_that_changes_its_settings_begins_a_new_part_and_no_frame_is_lost()
    {
        var cancel = TestLimit.Token();
        using var other = new TemporaryFolder();
        var (large, small) = (await Film.MakeAsync(_files, seconds: 3), await Film.MakeAsync(other, seconds: 3, "-vf", "scale=160:90"));
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var job = JobId.New();
        var first = worker.Run(job, 1, "record", stream, ("format", "mkv"));
        await first.WaitsAsync(cancel);
        await using var publisher = await FilmPublisher.StartAsync(stage.EndPoint, stream, cancel);
        await publisher.SendAsync(large, from: 0, cancel);
        await publisher.SendAsync(small, from: 3000, cancel);
        var result = await first.Result.WaitAsync(cancel);
        Assert.Equal((MediaRunEnd.StreamEnded, true), (result.End, result.Result?.IsWhole));
        Assert.Contains("changed its encoder's settings", result.Reason, StringComparison.Ordinal);
        Assert.Equal((await Film.FramesAsync(large)).Video, (await Film.FramesAsync(worker.PathOf(result))).Video);
        var second = worker.Run(job, 2, "record", stream, ("format", "mkv"));
        await second.Started.WaitAsync(cancel);
        await publisher.EndAsync(cancel);
        result = await second.Result.WaitAsync(cancel);
        Assert.Equal((MediaRunEnd.StreamEnded, "", true), (result.End, result.Reason, result.Result?.IsWhole));
        var recorded = (await Film.FramesAsync(worker.PathOf(result))).Video;
        // From the last key frame on: whoever comes later gets no more.
        Assert.True(recorded.Length >= 25, second.Said);
        Assert.Equal((await Film.FramesAsync(small)).Video.TakeLast(recorded.Length), recorded);
        Assert.Equal("160,90", await Film.ProbeAsync(worker.PathOf(result), "-select_streams", "v:0", "-show_entries", "stream=width,height"));
    }

    [Fact]
    public async Task Who_comes_back_with_the_same_settings_goes_on_in_the_same_part()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 3);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var attempt = worker.Run("record", stream);
        await attempt.WaitsAsync(cancel);
        await using var publisher = await FilmPublisher.StartAsync(stage.EndPoint, stream, cancel);
        await publisher.SendAsync(film, from: 0, cancel);
        await publisher.SendAsync(film, from: 3100, cancel);
        await publisher.EndAsync(cancel);
        var result = await attempt.Result.WaitAsync(cancel);
        Assert.Equal((MediaRunEnd.StreamEnded, "", true), (result.End, result.Reason, result.Result?.IsWhole));
        Assert.InRange(result.Result!.Duration.TotalSeconds, 6, 6.3);
        var frames = (await Film.FramesAsync(film)).Video;
        Assert.Equal(frames.Concat(frames), (await Film.FramesAsync(worker.PathOf(result))).Video);
    }

    [Fact]
    public async Task A_full_disk_ends_a_recording_in_order_and_no_other_begins()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 10);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        var free = 100L;
        await using var worker = await stage.StartWorkerAsync(options => options.MinFreeBytes = 100, () => Interlocked.Read(ref free));
        var attempt = worker.Run("record", stream, ("format", "mkv"));
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream), forever: true);
        await attempt.UntilAsync(progress => progress.MediaTime > TimeSpan.FromSeconds(2), cancel);
        Interlocked.Exchange(ref free, 60);
        Assert.Null(worker.Worker.TryTakeSlot());
        Assert.Contains("nearly full", worker.Worker.Status.Trouble, StringComparison.Ordinal);
        Assert.False(attempt.Result.IsCompleted, "It goes on down to half of what a start needs.");
        Interlocked.Exchange(ref free, 40);
        var result = await attempt.Result.WaitAsync(cancel);
        Assert.Equal(MediaRunEnd.Unable, result.End);
        Assert.Contains("nearly full", result.Reason, StringComparison.Ordinal);
        Assert.True(result.Result!.IsWhole);
        Assert.Equal(MediaRunEnd.Unable, (await worker.Run("record", stream).Result.WaitAsync(cancel)).End);
    }

    [Fact]
    public async Task No_word_of_a_client_and_no_secret_is_where_other_users_can_read_it()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 10);
        var stream = new StreamKey(stage.NewRoom(), "alice~secret");
        Environment.SetEnvironmentVariable("ROOMGRAINS_Cluster__Secret", "a secret of the node");
        await using var worker = await stage.StartWorkerAsync();
        var attempt = worker.Run("record", stream);
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream), forever: true);
        await attempt.UntilAsync(progress => progress.Frames > 0, cancel);
        var process = $"/proc/{worker.Process}";
        var (arguments, environment) = (await File.ReadAllTextAsync($"{process}/cmdline", cancel), await File.ReadAllTextAsync($"{process}/environ", cancel));
        Assert.StartsWith("ffmpeg\0", arguments, StringComparison.Ordinal);
        Assert.DoesNotContain("alice", arguments, StringComparison.Ordinal);
        Assert.DoesNotContain("rtmp:", arguments, StringComparison.Ordinal);
        Assert.DoesNotContain("ticket", arguments, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", environment, StringComparison.OrdinalIgnoreCase);
        // It yields to others.
        Assert.Equal(Math.Min(19, await NiceOfAsync("/proc/self") + 5), await NiceOfAsync(process));
        await attempt.StopAsync().WaitAsync(cancel);
        Assert.True(worker.Worker.Status.CpuTime > TimeSpan.Zero);
    }

    // Field 19 of stat; the name of the program, field 2, is in brackets.
    private static async Task<int> NiceOfAsync(string process) => int.Parse((await File.ReadAllTextAsync($"{process}/stat")).Split(") ")[1].Split(' ')[16], System.Globalization.CultureInfo.InvariantCulture);

    private static void Kill(string signal, int process)
    {
        using var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", $"{process}"]);
        kill.WaitForExit();
    }

    private static long Position(string file, string box) => File.ReadAllBytes(file).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(box));
}
