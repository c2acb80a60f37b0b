using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Jobs;

/// <summary>Jobs with real FFmpeg on three real nodes, of which one is killed and one drained.</summary>
public sealed class JobFaultTests(SourceFile source)
{
    private const int Jobs = 12;

    [Fact]
    public async Task The_jobs_of_a_killed_node_go_on_elsewhere_and_no_ffmpeg_is_left_behind()
    {
        var cancel = TestLimit.Token();
        await using var cluster = await ClusterProcesses.StartAsync(3, environment: new Dictionary<string, string> { ["ROOMGRAINS_Workers__Slots"] = "8" });
        var grains = (await cluster.ConnectAsync()).Grains;
        await grains.UntilWorkers(3, cancel);
        var room = new RoomKey("chat", "lobby");
        await using var publisher = RunningProgram.Start("ffmpeg", ["-v", "info", "-re", "-stream_loop", "-1", "-i", source.Path, "-c", "copy", "-f", "flv", cluster["n1"].Rtmp($"{room}/alice")]);
        await grains.UntilRoom(room, details => details.Streams.Length == 1, cancel);
        // The same stream twelve times: the jobs are what counts here.
        var jobs = await Task.WhenAll(Enumerable.Range(0, Jobs).Select(i => grains.StartJobAsync("thumbnail", new StreamKey(room, "alice"), ("every", $"{i + 2}s"))));
        foreach (var job in jobs)
            await grains.JobAsync(job.Id, details => details.Summary.State == MediaJobState.Running, cancel);
        var places = await Task.WhenAll(jobs.Select(async job => (await grains.GetMediaJob(job.Id).Describe()).ValueOrThrow().Summary.Node));
        TestContext.Current.TestOutputHelper!.WriteLine(string.Join(", ", places.CountBy(p => p).OrderBy(p => p.Key)));
        Assert.All(places.CountBy(p => p), place => Assert.InRange(place.Value, 1, 8));

        // The publisher's node stays: of twelve jobs it has eight at the most.
        var victim = places.Where(p => p != "n1").CountBy(p => p).MaxBy(p => p.Value).Key;
        var leaver = ((string[])["n2", "n3"]).Single(n => n != victim);
        var lost = jobs.Where((_, i) => places[i] == victim).ToArray();
        await cluster.KillAsync(victim);
        await Until.True(() => JobView.FfmpegOf(cluster[victim]).Length == 0, cancel);
        foreach (var job in lost)
        {
            var again = await grains.JobAsync(job.Id, details => details.Summary.State == MediaJobState.Running && details.Summary.Node != victim, cancel);
            Assert.True(again.Summary.Epoch > 1);
        }
        // The others run, too. Some of them in a new part: with the dead silo went the entries that it had of Orleans' grain directory, of grains on living silos as well.
        foreach (var job in jobs.Except(lost))
            await grains.JobAsync(job.Id, details => details.Summary.State == MediaJobState.Running && details.Summary.Node != victim, cancel);
        TestContext.Current.TestOutputHelper!.WriteLine($"epochs {string.Join(' ', (await grains.GetMediaJobs().List()).Select(j => j.Epoch))}");
        await Until.True(() => cluster.Running.Sum(node => JobView.FfmpegOf(node).Length) == Jobs, cancel);

        // One that leaves in order hands its jobs over.
        Assert.Equal(0, await cluster.StopAsync(leaver));
        Assert.Empty(JobView.FfmpegOf(cluster[leaver]));
        foreach (var job in jobs)
            await grains.JobAsync(job.Id, details => details.Summary is { State: MediaJobState.Running, Node: "n1" } or { State: MediaJobState.Queued }, cancel);
        await Until.True(() => JobView.FfmpegOf(cluster["n1"]).Length == 8, cancel);

        foreach (var job in jobs)
            Assert.True((await grains.GetMediaJob(job.Id).Stop("the test")).IsDone);
        foreach (var job in jobs)
            await grains.JobAsync(job.Id, details => details.Summary.IsOver, cancel);
        Assert.Empty(JobView.FfmpegOf(cluster["n1"]));
    }

    [Fact]
    public async Task A_recording_whose_node_is_killed_goes_on_elsewhere_and_both_parts_play()
    {
        var cancel = TestLimit.Token();
        await using var cluster = await ClusterProcesses.StartAsync(1, environment: new Dictionary<string, string> { ["ROOMGRAINS_Workers__Slots"] = "0" });
        var slots = new Dictionary<string, string> { ["ROOMGRAINS_Workers__Slots"] = "2" };
        await Task.WhenAll(cluster.StartNodeAsync(environment: slots), cluster.StartNodeAsync(environment: slots));
        var grains = (await cluster.ConnectAsync(cluster["n1"])).Grains;
        await grains.UntilWorkers(2, cancel);
        var stream = new StreamKey(new RoomKey("chat", "lobby"), "alice");
        await using var publisher = RunningProgram.Start("ffmpeg", ["-v", "info", "-re", "-stream_loop", "-1", "-i", source.Path, "-c", "copy", "-f", "flv", cluster["n1"].Rtmp($"{stream}")]);
        var job = await grains.StartJobAsync("record", stream);
        var before = await grains.JobAsync(job.Id, details => details.Summary is { State: MediaJobState.Running, Progress.MediaTime.TotalSeconds: > 4 }, cancel);
        await cluster.KillAsync(before.Summary.Node);
        var after = await grains.JobAsync(job.Id, details => details.Summary is { State: MediaJobState.Running, Progress.MediaTime.TotalSeconds: > 2 } && details.Summary.Node != before.Summary.Node, cancel);
        Assert.True(after.Summary.Epoch > before.Summary.Epoch);
        Assert.True((await grains.GetMediaJob(job.Id).Stop("the test")).IsDone);
        var done = await grains.JobAsync(job.Id, details => details.Summary.IsOver, cancel);
        Assert.Equal([RecordingState.Cut, RecordingState.Complete], done.Parts.Select(p => p.State));
        Assert.Equal([before.Summary.Node, after.Summary.Node], done.Parts.Select(p => p.Node));
        var published = source.Packets.Select(p => p.Hash).ToHashSet();
        foreach (var part in done.Parts)
        {
            var packets = await Packet.ListAsync(JobView.FileOf(cluster[part.Node], part));
            Assert.True(packets.Count(p => p.IsVideo) >= 25, $"part {part.Part} has {packets.Count} packets");
            Assert.All(packets, p => Assert.Contains(p.Hash, published));
        }
        Assert.All(cluster.Nodes, node => Assert.Empty(JobView.FfmpegOf(node)));
        // The node comes back, and says how far its part goes: so the gap is stated, from there to the start of the second.
        await cluster.RestartAsync(before.Summary.Node, environment: slots);
        var listed = await Until.Answer(async () => (await grains.GetRecordings("chat").List()).OrderBy(r => r.Part).ToArray(), all => all is [{ Ended: not null }, _], cancel);
        TestContext.Current.TestOutputHelper!.WriteLine($"gap {(listed[1].Started - listed[0].Ended!.Value).TotalSeconds:0.0} s; first part {listed[0].Duration.TotalSeconds:0.0} s");
        Assert.Equal((RecordingState.Cut, new FileInfo(JobView.FileOf(cluster[before.Summary.Node], listed[0])).Length), (listed[0].State, listed[0].Bytes));
        Assert.True(listed[0].Duration >= TimeSpan.FromSeconds(2), $"{listed[0].Duration}");
    }
}
