using System.Net.Sockets;
using RoomGrains.Grains.Jobs;
using RoomGrains.Testing;

namespace RoomGrains.Workers.Tests;

/// <summary>Jobs whose result is a stream, or a picture.</summary>
public sealed class PublishTests(Stage stage) : IDisposable
{
    private readonly TemporaryFolder _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task A_transcode_is_published_in_the_room_beside_its_stream()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 6);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var small = worker.Run("record", stream with { Stream = "alice_240p" }, ("format", "mkv"));
        var attempt = worker.Run("transcode", stream, ("size", "240p"));
        await small.WaitsAsync(cancel);
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream));
        Assert.Equal("", await attempt.Started.WaitAsync(cancel));
        Assert.Equal(new MediaRunResult(MediaRunEnd.StreamEnded, "", null), await attempt.Result.WaitAsync(cancel));
        var result = await small.Result.WaitAsync(cancel);
        Assert.True(result is { End: MediaRunEnd.StreamEnded, Result.IsWhole: true }, small.Said);
        // Never larger than what it is made of.
        Assert.Equal("h264,320,180", await Film.ProbeAsync(worker.PathOf(result), "-select_streams", "v:0", "-show_entries", "stream=codec_name,width,height"));
        Assert.Equal("150", await Film.ProbeAsync(worker.PathOf(result), "-count_packets", "-select_streams", "v:0", "-show_entries", "stream=nb_read_packets"));
    }

    [Fact]
    public async Task A_push_publishes_every_frame_at_the_address()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 6);
        var (stream, far) = (new StreamKey(stage.NewRoom(), "alice"), new StreamKey(stage.NewRoom(), "key-of-alice"));
        await using var worker = await stage.StartWorkerAsync(options => options.Destinations = ["127.0.0.1"]);
        var arrived = worker.Run("record", far, ("format", "flv"));
        var attempt = worker.Run("push", stream, ("to", stage.Url(far)));
        await arrived.WaitsAsync(cancel);
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream), rate: 2);
        Assert.Equal(new MediaRunResult(MediaRunEnd.StreamEnded, "", null), await attempt.Result.WaitAsync(cancel));
        Assert.DoesNotContain("key-of-alice", attempt.Said, StringComparison.Ordinal);
        var result = await arrived.Result.WaitAsync(cancel);
        Assert.Equal((await Film.FramesAsync(film)).Video, (await Film.FramesAsync(worker.PathOf(result))).Video);
    }

    [Fact]
    public async Task A_push_that_nobody_takes_fails_with_the_host_and_without_the_key()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 6);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        using var nobody = new Socket(SocketType.Stream, ProtocolType.Tcp);
        nobody.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var port = ((System.Net.IPEndPoint)nobody.LocalEndPoint!).Port;
        await using var worker = await stage.StartWorkerAsync(options => options.Destinations = ["127.0.0.1"]);
        await using var publisher = Film.Publish(film, stage.Url(stream), forever: true);
        var result = await worker.Run("push", stream, ("to", $"rtmp://127.0.0.1:{port}/app/key-of-alice")).Result.WaitAsync(cancel);
        Assert.Equal(MediaRunEnd.Failed, result.End);
        Assert.StartsWith($"127.0.0.1:{port} cannot be reached: ", result.Reason, StringComparison.Ordinal);
        // A second publisher of the same name is refused by the server, with a reason of its own.
        result = await worker.Run("push", stream, ("to", stage.Url(stream))).Result.WaitAsync(cancel);
        Assert.Equal((MediaRunEnd.Failed, $"{stage.EndPoint} refused publish: NetStream.Publish.BadName."), (result.End, result.Reason));
    }

    [Fact]
    public async Task A_name_that_turns_out_to_be_private_is_refused_when_it_is_resolved()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 6);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        await using var publisher = Film.Publish(film, stage.Url(stream), forever: true);
        // No IP address by its form: the resolver makes one of it.
        var result = await worker.Run("push", stream, ("to", $"rtmp://{LoopbackName}:{stage.EndPoint.Port}/chat/x/key-of-alice")).Result.WaitAsync(cancel);
        Assert.Equal(MediaRunEnd.Unable, result.End);
        Assert.Contains("this machine", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_thumbnail_is_there_soon_and_written_anew()
    {
        var cancel = TestLimit.Token();
        var film = await Film.MakeAsync(_files, seconds: 10);
        var stream = new StreamKey(stage.NewRoom(), "alice");
        await using var worker = await stage.StartWorkerAsync();
        var attempt = worker.Run("thumbnail", stream, ("every", "2s"), ("width", "160"), ("keep", "yes"));
        await attempt.WaitsAsync(cancel);
        await using var publisher = Film.Publish(film, stage.Url(stream), rate: 4);
        var result = await attempt.Result.WaitAsync(cancel);
        Assert.True(result is { End: MediaRunEnd.StreamEnded, Reason: "", Result.IsWhole: true }, attempt.Said);
        var folder = worker.PathOf(result);
        string[] expected = ["1-000001.jpg", "1-000002.jpg", "1-000003.jpg", "1-000004.jpg", "1-000005.jpg", "latest.jpg"];
        Assert.Equal(expected, Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(folder, "1-000005.jpg"), cancel), await File.ReadAllBytesAsync(Path.Combine(folder, "latest.jpg"), cancel));
        Assert.Equal("160,90", await Film.ProbeAsync(Path.Combine(folder, "latest.jpg"), "-show_entries", "stream=width,height"));
    }

    /// <summary>What every resolver takes for the loopback and no parser of URLs must be relied on to know.</summary>
    private const string LoopbackName = "0x7f000001";
}
