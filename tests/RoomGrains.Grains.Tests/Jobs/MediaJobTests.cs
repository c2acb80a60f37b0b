using RoomGrains.Grains.Jobs;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Jobs;

/// <summary>A job on one silo: what it decides, and what it remembers.</summary>
public sealed class MediaJobTests
{
    private static readonly StreamKey Alice = new(new RoomKey("chat", "lobby"), "alice");

    [Fact]
    public async Task A_job_writes_a_part_for_each_time_that_its_stream_is_there_and_ends_when_it_is_not_any_more()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork { Starts = run => run.Part < 3 });
        var job = await cluster.StartJob("alice");
        (await cluster.UntilRuns(job.Id)).End(MediaRunEnd.StreamEnded);
        (await cluster.UntilRuns(job.Id, a => a.Run.Part == 2)).End(MediaRunEnd.StreamEnded);
        (await cluster.UntilRuns(job.Id, a => a.Run.Part == 3)).End(MediaRunEnd.NoStream);
        await cluster.UntilState(job.Id, MediaJobState.Finished);
        var recordings = await cluster.Client.GetRecordings("chat").List();
        Assert.Equal([1, 2], recordings.Select(r => r.Part).Order());
        Assert.All(recordings, r => Assert.Equal((RecordingState.Complete, TimeSpan.FromSeconds(7), 700, "ab"), (r.State, r.Duration, r.Bytes, r.Sha256)));
        Assert.All(recordings, r => Assert.Equal((Alice, cluster.NodeOf(0)), (r.Stream, r.Node)));
        Assert.Equal("The stream has ended.", (await cluster.Client.GetMediaJob(job.Id).Describe()).ValueOrThrow().Summary.Reason);
    }

    [Fact]
    public async Task A_job_of_a_stream_that_nobody_publishes_fails_and_says_so()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork { Starts = _ => false });
        var job = await cluster.StartJob("alice");
        (await cluster.UntilRuns(job.Id)).End(MediaRunEnd.NoStream);
        await cluster.UntilState(job.Id, MediaJobState.Failed);
        Assert.Contains("Nobody has published", (await cluster.Client.GetMediaJob(job.Id).Describe()).ValueOrThrow().Summary.Reason, StringComparison.Ordinal);
        Assert.Empty(await cluster.Client.GetRecordings("chat").List());
    }

    [Fact]
    public async Task What_fails_is_tried_again_with_a_new_part_and_given_up_in_the_end()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork(), o => o.MaxFailures = 2);
        var job = await cluster.StartJob("alice");
        for (var part = 1; part <= 3; part++)
        {
            var attempt = await cluster.UntilRuns(job.Id, a => a.Run.Part == part);
            attempt.Run.Log.Add($"error {part}");
            attempt.End(MediaRunEnd.Failed, "It crashed.", whole: false);
        }
        await cluster.UntilState(job.Id, MediaJobState.Failed);
        var details = (await cluster.Client.GetMediaJob(job.Id).Describe()).ValueOrThrow();
        Assert.Equal((2, 3), (details.Summary.Restarts, details.Parts.Length));
        Assert.All(details.Parts, p => Assert.Equal(RecordingState.Cut, p.State));
        Assert.Contains("It crashed.", details.Summary.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_whose_recording_is_refused_by_the_index_ends_with_the_reason()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork(), o => o.MaxRecordings = 1);
        await cluster.UntilRuns((await cluster.StartJob("alice")).Id);
        await Until.True(async () => (await cluster.Client.GetRecordings("chat").List()).Length == 1, "the index is full");
        var job = await cluster.StartJob("bob");
        await cluster.UntilState(job.Id, MediaJobState.Failed);
        var details = (await cluster.Client.GetMediaJob(job.Id).Describe()).ValueOrThrow();
        Assert.Contains("Jobs:MaxRecordings", details.Summary.Reason, StringComparison.Ordinal);
        Assert.Null(cluster.Work.Of(job.Id));
    }

    [Fact]
    public async Task A_job_that_waits_for_a_node_in_trouble_says_which()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork { Trouble = "The disk is full." });
        var job = await cluster.StartJob("alice");
        await cluster.UntilState(job.Id, MediaJobState.Queued);
        await Until.True(async () => (await cluster.Client.GetMediaJobs().List()).Single().Reason == "The disk is full.", "it says so");
    }

    [Fact]
    public async Task A_fault_of_a_worker_does_not_leave_a_job_standing()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork { Faults = 1 }, o => o.LongestPause = TimeSpan.FromMilliseconds(20));
        await cluster.UntilRuns((await cluster.StartJob("alice")).Id);
    }

    [Fact]
    public async Task A_job_that_is_stopped_completes_its_part()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork());
        var job = await cluster.StartJob("alice");
        await cluster.UntilRuns(job.Id);
        Assert.True((await cluster.Client.GetMediaJob(job.Id).Stop("the test")).IsDone);
        await cluster.UntilState(job.Id, MediaJobState.Finished);
        var line = (await cluster.Client.GetMediaJobs().List()).Single();
        Assert.Equal("Stopped by the test.", line.Reason);
        Assert.Equal(RecordingState.Complete, Assert.Single(await cluster.Client.GetRecordings("chat").List()).State);
        // Again: it is over, which is what was wanted.
        Assert.True((await cluster.Client.GetMediaJob(job.Id).Stop("the test")).IsDone);
    }

    [Fact]
    public async Task The_same_job_is_started_once()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork { Slots = 9 });
        var jobs = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => cluster.StartJob("alice")));
        Assert.Single(jobs.Select(j => j.Id).Distinct());
        Assert.NotEqual(jobs[0].Id, (await cluster.StartJob("bob")).Id);
        Assert.NotEqual(jobs[0].Id, (await cluster.StartJob("alice", "record", ("format", "flv"))).Id);
    }

    [Fact]
    public async Task What_cannot_be_done_is_refused_with_a_reason()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork(), o => o.MaxJobs = 1);
        var jobs = cluster.Client.GetMediaJobs();
        Assert.Equal(RefusalCode.InvalidJob, (await jobs.Start(JobCluster.Request("alice", "nonsense"))).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidJob, (await jobs.Start(JobCluster.Request("alice", "../record"))).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidJob, (await jobs.Start(JobCluster.Request("alice", "record", ("format", "mp4\n-y")))).Refusal!.Code);
        foreach (var hostile in (string[])["-y", "../../etc/passwd", "a b", "%d%s\u0007", ""])
            Assert.Equal(RefusalCode.InvalidName, (await jobs.Start(JobCluster.Request(hostile))).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownJob, (await cluster.Client.GetMediaJob(JobId.New()).Describe()).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownJob, (await cluster.Client.GetMediaJob(JobId.New()).Stop("nobody")).Refusal!.Code);
        Assert.Empty(await jobs.List());
        await cluster.StartJob("alice");
        Assert.Equal(RefusalCode.TooManyJobs, (await jobs.Start(JobCluster.Request("bob"))).Refusal!.Code);
    }

    [Fact]
    public async Task An_address_with_a_secret_is_told_to_the_worker_and_to_nobody_else()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork());
        const string Address = "rtmp://user:pass@live.example/app/s3cret-key?also=s3cret";
        var job = await cluster.StartJob("alice", "push", ("to", Address));
        Assert.Equal(Address, (await cluster.UntilRuns(job.Id)).Run.Request.Parameters["to"]);
        await cluster.StartJob("alice", "push", ("to", Address));
        await cluster.Client.GetMediaJob(job.Id).Stop("the test");
        await cluster.UntilState(job.Id, MediaJobState.Finished);
        MediaJobSummary[] shown = [job, (await cluster.Client.GetMediaJob(job.Id).Describe()).ValueOrThrow().Summary, .. await cluster.Client.GetMediaJobs().List()];
        Assert.All(shown, s => Assert.Equal("rtmp://live.example/app/…", s.Request.Parameters["to"]));
    }

    [Fact]
    public async Task Who_watches_hears_of_every_state_and_of_progress()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork());
        var job = await cluster.StartJob("alice");
        var attempt = await cluster.UntilRuns(job.Id);
        await cluster.UntilState(job.Id, MediaJobState.Running);
        var watcher = new Watcher();
        var reference = cluster.Client.CreateObjectReference<IMediaJobObserver>(watcher);
        Assert.True((await cluster.Client.GetMediaJob(job.Id).Watch(reference)).IsDone);
        attempt.Run.Progress(new MediaProgress(TimeProvider.System.GetUtcNow(), TimeSpan.FromSeconds(3), 75, 1000, 1));
        await Until.True(() => watcher.Heard.Any(s => s is { State: MediaJobState.Running, Progress.Frames: 75 }), "the progress");
        attempt.End(MediaRunEnd.StreamEnded);
        await Until.True(() => watcher.Heard.Any(s => s.State is MediaJobState.Waiting), "it waits");
        (await cluster.UntilRuns(job.Id, a => a.Run.Part == 2)).End(MediaRunEnd.NoStream);
        await Until.True(() => watcher.Heard.Any(s => s.State is MediaJobState.Finished), "the end");
        GC.KeepAlive(watcher);
    }

    [Fact]
    public async Task A_recording_is_deleted_when_its_node_says_so_and_never_while_it_is_written()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork());
        var job = await cluster.StartJob("alice");
        var attempt = await cluster.UntilRuns(job.Id);
        var recordings = cluster.Client.GetRecordings("chat");
        await Until.True(async () => (await recordings.List()).Length == 1, "it is in the index");
        Assert.Equal(RefusalCode.InvalidJob, (await recordings.Delete(job.Id, 1)).Refusal!.Code);
        attempt.End(MediaRunEnd.StreamEnded);
        await Until.True(async () => (await recordings.List()).Any(r => r is { Part: 1, State: RecordingState.Complete }), "it is complete");
        Assert.True((await recordings.Delete(job.Id, 1)).IsDone);
        Assert.DoesNotContain(await recordings.List(), r => r.Part == 1);
        var deleted = Assert.Single(await recordings.ListUnsettled(cluster.NodeOf(0)));
        Assert.Empty(await recordings.ListUnsettled("another"));
        await recordings.Forget([deleted]);
        Assert.Empty(await recordings.ListUnsettled(cluster.NodeOf(0)));
        Assert.Equal(RefusalCode.UnknownRecording, (await recordings.Delete(job.Id, 1)).Refusal!.Code);
    }

    private sealed class Watcher : IMediaJobObserver
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<MediaJobSummary> _heard = new();

        public IEnumerable<MediaJobSummary> Heard => _heard;

        public Task OnChanged(MediaJobSummary job)
        {
            _heard.Enqueue(job);
            return Task.CompletedTask;
        }
    }
}
