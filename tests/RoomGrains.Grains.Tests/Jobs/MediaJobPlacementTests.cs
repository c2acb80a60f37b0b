using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Jobs;

/// <summary>Jobs on three silos: where they land, and what becomes of them when a node goes.</summary>
public sealed class MediaJobPlacementTests
{
    [Fact]
    public async Task Twelve_jobs_land_where_there_is_room_and_the_herd_respects_the_slots()
    {
        await using var cluster = await JobCluster.Start(3, new HandWork { Slots = 4 });
        await cluster.Load(0.7, 0.1, 0.1);
        var jobs = await Task.WhenAll(Enumerable.Range(0, 14).Select(i => cluster.StartJob($"s{i}")));
        await Until.True(() => cluster.Work.Running.Length == 12, "twelve of fourteen run");
        Assert.All(cluster.Work.Running.CountBy(a => a.Node), node => Assert.InRange(node.Value, 1, 4));
        await Until.True(async () => (await cluster.Client.GetMediaJobs().List()).Count(j => j.State == MediaJobState.Queued) == 2, "two are queued");
        var queued = (await cluster.Client.GetMediaJobs().List()).Where(j => j.State == MediaJobState.Queued).ToArray();
        Assert.All(queued, j => Assert.Equal("Every worker's slots are taken.", j.Reason));
        // A slot that comes free is taken by one that waits.
        var ended = cluster.Work.Running[0];
        await cluster.Client.GetMediaJob(ended.Run.Job).Stop("the test");
        await Until.True(() => queued.Count(j => cluster.Work.Of(j.Id) is not null) == 1, "one of those that waited runs");
        Assert.All(jobs, j => Assert.InRange(cluster.Work.MostAtOnce(j.Id), 0, 1));
    }

    [Fact]
    public async Task A_few_jobs_avoid_the_loaded_node()
    {
        await using var cluster = await JobCluster.Start(3, new HandWork { Slots = 8 });
        await cluster.Load(0.9, 0.05, 0.05);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => cluster.StartJob($"s{i}")));
        await Until.True(() => cluster.Work.Running.Length == 6, "all run");
        Assert.DoesNotContain(cluster.Work.Running, a => a.Node == cluster.NodeOf(0));
    }

    [Fact]
    public async Task A_job_goes_to_the_node_that_has_what_it_needs_and_waits_visibly_where_none_has()
    {
        await using var cluster = await JobCluster.Start(3, new HandWork { Capabilities = node => node.EndsWith('2') ? ["ffmpeg", "encoder:libx264"] : ["ffmpeg"] });
        var able = Enumerable.Range(0, 3).Select(cluster.NodeOf).Where(n => n.EndsWith('2')).ToArray();
        var job = await cluster.StartJob("alice", "transcode", ("needs", "encoder:libx264"));
        var attempt = await cluster.UntilRuns(job.Id);
        Assert.Contains(attempt.Node, able);
        var other = await cluster.StartJob("bob", "transcode", ("needs", "encoder:av1"));
        await cluster.UntilState(other.Id, MediaJobState.Queued);
        await Until.True(async () => (await cluster.Client.GetMediaJobs().List()).Single(j => j.Id == other.Id).Reason.Contains("encoder:av1", StringComparison.Ordinal), "it says what it waits for");
    }

    [Fact]
    public async Task The_jobs_of_a_killed_node_run_again_elsewhere_with_a_new_epoch_and_none_twice_at_once()
    {
        await using var cluster = await JobCluster.Start(3, new HandWork { Slots = 8 });
        var jobs = await Task.WhenAll(Enumerable.Range(0, 9).Select(i => cluster.StartJob($"s{i}")));
        await Until.True(() => cluster.Work.Running.Length == 9, "all run");
        var before = cluster.Work.Running.ToDictionary(a => a.Run.Job);
        await Until.True(async () => (await cluster.Client.GetRecordings("chat").List()).Length == 9, "all are in the index");
        var lost = before.Values.Where(a => a.Node == cluster.NodeOf(1)).Select(a => a.Run.Job).ToArray();
        Assert.NotEmpty(lost);
        await cluster.Kill(1);
        await Until.True(() => lost.All(j => cluster.Work.Of(j) is { } now && now.Node != cluster.NodeOf(1)), "the lost ones run again");
        foreach (var job in jobs)
        {
            var now = cluster.Work.Of(job.Id)!;
            Assert.Equal(1, cluster.Work.MostAtOnce(job.Id));
            if (!lost.Contains(job.Id))
                Assert.Same(before[job.Id], now);
            else
                Assert.True(now.Run.Epoch > before[job.Id].Run.Epoch && now.Run.Part > before[job.Id].Run.Part);
        }
        await Until.True(async () => lost.All((await cluster.Client.GetRecordings("chat").List()).Where(r => r.State == RecordingState.Cut).Select(r => r.Job).Contains), "their first parts are known to be cut");
    }

    [Fact]
    public async Task A_node_that_drains_hands_its_jobs_over_with_their_parts_complete()
    {
        await using var cluster = await JobCluster.Start(2, new HandWork { Slots = 8 });
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => cluster.StartJob($"s{i}")));
        await Until.True(() => cluster.Work.Running.Length == 6, "all run");
        var leaving = cluster.Work.Running.Where(a => a.Node == cluster.NodeOf(0)).ToArray();
        Assert.NotEmpty(leaving);
        cluster.WorkerOf(0).Drain();
        await Until.True(() => cluster.Work.Running.Length == 6 && cluster.Work.Running.All(a => a.Node == cluster.NodeOf(1)), "all run on the other");
        Assert.All(leaving, a => Assert.Equal(1, cluster.Work.MostAtOnce(a.Run.Job)));
        await Until.True(async () => (await cluster.Client.GetRecordings("chat").List()).Count(r => r.State == RecordingState.Complete) == leaving.Length, "their parts are complete");
    }

    [Fact]
    public async Task Where_no_node_works_a_job_is_refused()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork { Slots = 0 });
        Assert.Equal(RefusalCode.Unavailable, (await cluster.Client.GetMediaJobs().Start(JobCluster.Request("alice"))).Refusal!.Code);
        Assert.Empty(await cluster.Client.GetMediaJobs().List());
    }
}
