using RoomGrains.Grains.Jobs;
using RoomGrains.Testing;

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

    private static long Position(string file, string box) => File.ReadAllBytes(file).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(box));
}
