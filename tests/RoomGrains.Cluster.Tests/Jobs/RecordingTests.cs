using System.Security.Cryptography;
using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Jobs;

/// <summary>A real stream is recorded: every frame of it, also when processes are killed.</summary>
public sealed class RecordingTests(NodeFixture fixture, SourceFile source)
{
    [Theory, InlineData("mp4"), InlineData("flv"), InlineData("mkv")]
    public async Task A_stream_is_recorded_frame_by_frame(string format)
    {
        var cancel = TestLimit.Token();
        var stream = new StreamKey(fixture.NewRoom(), "alice");
        var job = await fixture.Grains.StartJobAsync("record", stream, ("format", format));
        // Nobody publishes yet: it waits, and misses nothing.
        await fixture.Grains.JobWaitsAsync(job.Id, cancel);
        await using (var publisher = RealClients.FfmpegPublish(source.Path, fixture.Url(stream.Room, "alice")))
        {
            await fixture.Grains.JobAsync(job.Id, details => details.Summary is { State: MediaJobState.Running, Progress.Frames: > 0 }, cancel);
            Assert.True(await publisher.ExitAsync(TimeSpan.FromSeconds(60)) == 0, publisher.Output);
        }
        var done = await fixture.Grains.JobAsync(job.Id, details => details.Summary.IsOver, cancel);
        Assert.Equal((MediaJobState.Finished, 0), (done.Summary.State, done.Summary.Restarts));
        var part = Assert.Single(done.Parts);
        var file = JobView.FileOf(fixture.Node, part);
        Assert.EndsWith($".{format}", file);
        Assert.Equal((RecordingState.Complete, new FileInfo(file).Length), (part.State, part.Bytes));
        Assert.Equal(part.Sha256, Convert.ToHexStringLower(await SHA256.HashDataAsync(File.OpenRead(file), cancel)), ignoreCase: true);
        Assert.InRange(part.Duration, SourceFile.Length - TimeSpan.FromSeconds(0.2), SourceFile.Length + TimeSpan.FromSeconds(0.2));
        var recorded = await Packet.ListAsync(file);
        // Containers count time in units of their own; the frames are those of the source, every one.
        foreach (var kind in (bool[])[true, false])
            Assert.Equal(source.Packets.Where(p => p.IsVideo == kind).Select(p => p.Hash), recorded.Where(p => p.IsVideo == kind).Select(p => p.Hash));
        Assert.Contains(await fixture.Grains.GetRecordings("chat").List(), r => r.Name == part.Name);
    }

    [Fact]
    public async Task What_was_written_plays_when_ffmpeg_is_killed_and_a_new_part_goes_on()
    {
        var cancel = TestLimit.Token();
        await using var node = await NodeProcess.StartAsync();
        await using var client = await GrainClient.ConnectAsync(new RoomGrains.Hosting.ClusterOptions(), node);
        var stream = new StreamKey(new RoomKey("chat", "lobby"), "alice");
        await client.Grains.UntilWorkers(1, cancel);
        var job = await client.Grains.StartJobAsync("record", stream);
        await client.Grains.JobWaitsAsync(job.Id, cancel);
        await using var publisher = RunningProgram.Start("ffmpeg", ["-v", "info", "-re", "-stream_loop", "-1", "-i", source.Path, "-c", "copy", "-f", "flv", node.Rtmp($"{stream}")]);
        await client.Grains.JobAsync(job.Id, details => details.Summary is { State: MediaJobState.Running, Progress.MediaTime.TotalSeconds: > 2.5 }, cancel);
        var killed = Assert.Single(JobView.FfmpegOf(node));
        System.Diagnostics.Process.GetProcessById(killed).Kill();
        await client.Grains.JobAsync(job.Id, details => details.Summary is { State: MediaJobState.Running, Part: 2, Progress.MediaTime.TotalSeconds: > 1 }, cancel);
        Assert.True((await client.Grains.GetMediaJob(job.Id).Stop("the test")).IsDone);
        var done = await client.Grains.JobAsync(job.Id, details => details.Summary.IsOver, cancel);
        Assert.Equal((MediaJobState.Finished, 1, 2), (done.Summary.State, done.Summary.Restarts, done.Parts.Length));
        Assert.Equal([RecordingState.Cut, RecordingState.Complete], done.Parts.Select(p => p.State));
        foreach (var part in done.Parts)
            Assert.NotEmpty(await Packet.ListAsync(JobView.FileOf(node, part)));
        // Both are of the stream; what was lost in between is up to a key frame's time before the kill, and the pause after it.
        var (first, second) = (await Packet.ListAsync(JobView.FileOf(node, done.Parts[0])), await Packet.ListAsync(JobView.FileOf(node, done.Parts[1])));
        var hashes = source.Packets.Select(p => p.Hash).ToHashSet();
        Assert.All(first.Concat(second), p => Assert.Contains(p.Hash, hashes));
        Assert.Empty(JobView.FfmpegOf(node));
    }
}
