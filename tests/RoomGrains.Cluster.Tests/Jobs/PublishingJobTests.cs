using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Jobs;

/// <summary>Jobs that publish: a smaller size back into the room, and the stream on another server.</summary>
public sealed class PublishingJobTests(SourceFile source)
{
    private const string Key = "s3cret-stream-key";

    [Fact]
    public async Task A_stream_is_there_in_another_size_and_on_another_server_and_the_key_is_seen_nowhere()
    {
        var cancel = TestLimit.Token();
        await using var other = await NodeProcess.StartAsync();
        await using var otherGrains = await GrainClient.ConnectAsync(new RoomGrains.Hosting.ClusterOptions(), other);
        await using var node = await NodeProcess.StartAsync(environment: new Dictionary<string, string> { ["ROOMGRAINS_Workers__Destinations"] = $"*,127.0.0.1:{other.RtmpPort}", ["ROOMGRAINS_Workers__Slots"] = "4" });
        await using var client = await GrainClient.ConnectAsync(new RoomGrains.Hosting.ClusterOptions(), node);
        var stream = new StreamKey(new RoomKey("chat", "lobby"), "alice");
        await using var publisher = RunningProgram.Start("ffmpeg", ["-v", "info", "-re", "-stream_loop", "-1", "-i", source.Path, "-c", "copy", "-f", "flv", node.Rtmp($"{stream}")]);

        await client.Grains.UntilWorkers(1, cancel);
        var transcode = await client.Grains.StartJobAsync("transcode", stream, ("size", "240p"));
        var room = await client.Grains.UntilRoom(stream.Room, details => details.Streams.Any(s => s is { Name: "alice_240p", FrameRate: > 0 }), cancel);
        // It is seen who does that, and nobody's seat is taken.
        var member = room.Members.Single(m => m.Id == room.Streams.Single(s => s.Name == "alice_240p").Publisher);
        Assert.Equal(("transcode", 1), (member.Service, room.Summary.Members));
        var size = await client.Grains.UntilRoom(stream.Room, details => details.Streams.Any(s => s is { Name: "alice_240p", Height: > 0 }), cancel);
        // The source has 180 lines: nothing is made larger than it is.
        Assert.Equal(180, size.Streams.Single(s => s.Name == "alice_240p").Height);

        var push = await client.Grains.StartJobAsync("push", stream, ("to", other.Rtmp($"live/stage/{Key}")));
        await otherGrains.Grains.UntilRoom(new RoomKey("live", "stage"), details => details.Streams.Any(s => s is { Name: Key, FrameRate: > 0 }), cancel);
        Assert.All(JobView.FfmpegOf(node), id => Assert.DoesNotContain(Key, File.ReadAllText($"/proc/{id}/cmdline"), StringComparison.Ordinal));
        Assert.DoesNotContain(Key, string.Join(' ', (await client.Grains.GetMediaJob(push.Id).Logs()).ValueOrThrow()), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, $"{(await client.Grains.GetMediaJob(push.Id).Describe()).Value}", StringComparison.Ordinal);
        Assert.DoesNotContain(Key, node.Program.Output, StringComparison.Ordinal);

        foreach (var job in (JobId[])[transcode.Id, push.Id])
        {
            Assert.True((await client.Grains.GetMediaJob(job).Stop("the test")).IsDone);
            await client.Grains.JobAsync(job, details => details.Summary.State == MediaJobState.Finished, cancel);
        }
        // With its only member the room there has gone, too.
        await Until.Answer(() => otherGrains.Grains.GetRoom(new RoomKey("live", "stage")).Describe(), answer => answer.Value is not { Streams.Length: > 0 }, cancel);
        await client.Grains.UntilRoom(stream.Room, details => details.Streams.Length == 1, cancel);
    }

    [Fact]
    public async Task Addresses_that_must_not_be_reached_and_hostile_names_are_refused_with_a_reason()
    {
        await using var node = await NodeProcess.StartAsync();
        await using var client = await GrainClient.ConnectAsync(new RoomGrains.Hosting.ClusterOptions(), node);
        await client.Grains.UntilWorkers(1, TestLimit.Token());
        var jobs = client.Grains.GetMediaJobs();
        foreach (var address in (string[])["rtmp://169.254.169.254/latest/meta-data", "rtmp://127.0.0.1/live/x", "rtmp://[::1]/live/x", "rtmp://10.0.0.1/live/x", "rtmp://[::ffff:169.254.169.254]/live/x"])
        {
            var refusal = (await jobs.Start(Request("alice", "push", address))).Refusal;
            TestContext.Current.TestOutputHelper!.WriteLine($"{address}: {refusal}");
            Assert.Equal(RefusalCode.Denied, refusal!.Code);
        }
        foreach (var address in (string[])["file:///etc/passwd", "http://example.com/", "-y", "concat:a|b"])
            Assert.Equal(RefusalCode.InvalidJob, (await jobs.Start(Request("alice", "push", address))).Refusal!.Code);
        foreach (var name in (string[])["-y", "../../x", "a%d b", "a/b", "a\0b"])
        {
            var refusal = (await jobs.Start(Request(name, "record"))).Refusal;
            TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {refusal}");
            Assert.Equal(RefusalCode.InvalidName, refusal!.Code);
        }
        Assert.Empty(await jobs.List());
    }

    private static MediaJobRequest Request(string stream, string profile, string? to = null) => new()
    {
        Profile = profile, Stream = new StreamKey(new RoomKey("chat", "lobby"), stream),
        Parameters = to is null ? System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty : System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("to", to),
    };
}
