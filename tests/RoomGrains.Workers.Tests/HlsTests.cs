using RoomGrains.Grains.Jobs;
using RoomGrains.Testing;

namespace RoomGrains.Workers.Tests;

/// <summary>HLS as players read it: the playlists, and every frame behind them.</summary>
public sealed class HlsTests(Stage stage) : IDisposable
{
    private readonly TemporaryFolder _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task A_copy_has_every_frame_and_a_master_playlist()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 10);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var job = JobId.New();
        var attempt = worker.Run(job, 1, "hls", stream, ("mode", "event"));
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream), rate: 4);
        Assert.Equal($"{stream}/hls/{job}", await attempt.Started.WaitAsync(cancel));
        var result = await attempt.Result.WaitAsync(cancel);
        Assert.True(result is { End: MediaRunEnd.StreamEnded, Reason: "", Result.IsWhole: true }, attempt.Said);
        Assert.InRange(result.Result!.Duration.TotalSeconds, 9, 11);
        var folder = worker.PathOf(result);
        var master = await File.ReadAllTextAsync(Path.Combine(folder, "index.m3u8"), cancel);
        Assert.Contains("BANDWIDTH=", master, StringComparison.Ordinal);
        Assert.Contains("RESOLUTION=320x180", master, StringComparison.Ordinal);
        var playlist = await File.ReadAllTextAsync(Path.Combine(folder, "source", "stream.m3u8"), cancel);
        Assert.Contains("#EXT-X-PLAYLIST-TYPE:EVENT", playlist, StringComparison.Ordinal);
        Assert.EndsWith("#EXT-X-ENDLIST\n", playlist, StringComparison.Ordinal);
        Assert.Contains("\n1-00000.ts\n", playlist, StringComparison.Ordinal);
        // MPEG-TS has its own form of the same frames: as many, and with the same pictures in them.
        Assert.Equal("250", await Film.ProbeAsync(Path.Combine(folder, "index.m3u8"), "-count_packets", "-select_streams", "v:0", "-show_entries", "stream=nb_read_packets"));
        Assert.Equal(result.Result.Bytes, Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length));
    }

    [Fact]
    public async Task The_next_part_goes_on_in_the_same_playlist_and_writes_over_nothing()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 6);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var job = JobId.New();
        for (var part = 1; part <= 2; part++)
        {
            var attempt = worker.Run(job, part, "hls", stream, ("mode", "event"));
            await attempt.WaitsAsync(cancel);
            await using var publisher = Film.Publish(film, stage.Url(stream), rate: 4);
            var result = await attempt.Result.WaitAsync(cancel);
            Assert.True(result is { End: MediaRunEnd.StreamEnded, Result.IsWhole: true }, attempt.Said);
        }
        var folder = Path.Combine(worker.Folder, "chat", stream.Room.Room, "alice", "hls", $"{job}");
        var lines = await File.ReadAllLinesAsync(Path.Combine(folder, "source", "stream.m3u8"), cancel);
        string[] names = [.. lines.Where(line => line.EndsWith(".ts", StringComparison.Ordinal))];
        Assert.Equal(["1-00000.ts", "1-00001.ts", "1-00002.ts", "2-00003.ts", "2-00004.ts", "2-00005.ts"], names);
        Assert.All(names, name => Assert.True(File.Exists(Path.Combine(folder, "source", name))));
        Assert.Equal("#EXT-X-DISCONTINUITY", lines[Array.IndexOf(lines, "1-00002.ts") + 1]);
        Assert.Contains("BANDWIDTH=", await File.ReadAllTextAsync(Path.Combine(folder, "index.m3u8"), cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_sizes_of_a_ladder_have_their_key_frames_at_the_same_pictures()
    {
        var cancel = TestLimit.Token();
        // Its own key frames are somewhere else.
        var film = await Film.MakeAsync(_files, seconds: 8, "-g", "37", "-keyint_min", "37");
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var attempt = worker.Run("hls", stream, ("mode", "event"), ("ladder", "240p,360p"));
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream));
        var result = await attempt.Result.WaitAsync(cancel);
        Assert.True(result is { End: MediaRunEnd.StreamEnded, Result.IsWhole: true }, attempt.Said);
        var folder = worker.PathOf(result);
        var master = await File.ReadAllTextAsync(Path.Combine(folder, "index.m3u8"), cancel);
        Assert.Contains("240p/stream.m3u8", master, StringComparison.Ordinal);
        Assert.Contains("360p/stream.m3u8", master, StringComparison.Ordinal);
        var keys = await Task.WhenAll(((string[])["240p", "360p"]).Select(async rung =>
            (await Film.ProbeAsync(Path.Combine(folder, rung, "stream.m3u8"), "-skip_frame", "nokey", "-select_streams", "v:0", "-show_entries", "frame=pts_time")).Split('\n', StringSplitOptions.TrimEntries)));
        Assert.True(keys[0].Length == 4, string.Join(' ', keys[0]));
        Assert.Equal(keys[0], keys[1]);
        var segments = await Task.WhenAll(((string[])["240p", "360p"]).Select(async rung =>
            (await File.ReadAllLinesAsync(Path.Combine(folder, rung, "stream.m3u8"), cancel)).Where(line => line.StartsWith("#EXTINF", StringComparison.Ordinal)).ToArray()));
        Assert.Equal(segments[0], segments[1]);
    }

    [Fact]
    public async Task A_live_playlist_has_the_last_segments_and_the_disk_no_more_than_a_few()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 30);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var attempt = worker.Run("hls", stream, ("segment", "1"));
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream), rate: 5);
        var result = await attempt.Result.WaitAsync(cancel);
        Assert.True(result is { End: MediaRunEnd.StreamEnded, Result.IsWhole: true }, attempt.Said);
        var folder = Path.Combine(worker.PathOf(result), "source");
        Assert.Equal(6, (await File.ReadAllLinesAsync(Path.Combine(folder, "stream.m3u8"), cancel)).Count(line => line.EndsWith(".ts", StringComparison.Ordinal)));
        Assert.InRange(Directory.EnumerateFiles(folder, "*.ts").Count(), 6, 10);
    }

    [Fact]
    public async Task A_stream_without_pictures_is_played_as_well()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 6, "-vn");
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var attempt = worker.Run("hls", stream, ("mode", "event"));
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream), rate: 2);
        var result = await attempt.Result.WaitAsync(cancel);
        Assert.True(result is { End: MediaRunEnd.StreamEnded, Result.IsWhole: true }, attempt.Said);
        Assert.Equal("audio", await Film.ProbeAsync(Path.Combine(worker.PathOf(result), "index.m3u8"), "-show_entries", "stream=codec_type"));
    }
}
