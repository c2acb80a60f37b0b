using RoomGrains.Grains.Tests.Rooms;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Jobs;

/// <summary>Jobs that begin with every stream of a room, because its settings say so.</summary>
public sealed class AutoJobTests
{
    private static readonly RoomKey Room = new("chat", "lobby");

    [Fact]
    public async Task A_room_starts_its_jobs_with_every_stream_and_none_for_what_a_job_publishes()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork { Slots = 20 });
        var room = cluster.Client.GetRoom(Room);
        Assert.True((await room.Create(new RoomSettings { Auto = "record,hls" })).IsDone);
        var node = new FakeNode(cluster.Client, "a");
        await Publish(cluster, node, "alice");
        await Publish(cluster, node, "alice_360p", service: "transcode");
        await Publish(cluster, node, "bob");
        await Until.True(() => Running(cluster).SequenceEqual(["alice hls", "alice record", "bob hls", "bob record"]), "two jobs for each of two streams");
        // The room loses its memory, hears of the streams again, and asks again: these are the same jobs.
        var before = cluster.Work.Running.Select(a => a.Run.Job).ToHashSet();
        await cluster.Silos.Deactivate(room);
        await node.Report(Room);
        await Until.True(async () => (await room.Describe()).Value?.Streams.Length == 3, "the streams are known again");
        await Publish(cluster, node, "carol");
        await Until.True(() => Running(cluster).Contains("carol record"), "the jobs of the new stream");
        Assert.Equal(before, cluster.Work.Running.Where(a => a.Run.Request.Stream.Stream != "carol").Select(a => a.Run.Job).ToHashSet());
        Assert.All(cluster.Work.Running, a => Assert.Equal("room", a.Run.Request.By));
    }

    [Fact]
    public async Task A_setting_that_comes_later_is_for_the_streams_that_are_there()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork { Slots = 20 });
        var node = new FakeNode(cluster.Client, "a");
        var room = cluster.Client.GetRoom(Room);
        Assert.True((await room.Create(new RoomSettings())).IsDone);
        await Publish(cluster, node, "alice");
        Assert.Empty(cluster.Work.Running);
        Assert.True((await room.Set(new RoomSettings { Auto = "record" })).IsDone);
        await Until.True(() => Running(cluster).SequenceEqual(["alice record"]), "the job of the stream that was there");
    }

    [Fact]
    public async Task A_job_that_cannot_be_had_is_not_asked_for_for_ever_and_the_stream_goes_on()
    {
        await using var cluster = await JobCluster.Start(1, new HandWork());
        var node = new FakeNode(cluster.Client, "a");
        var room = cluster.Client.GetRoom(Room);
        Assert.True((await room.Create(new RoomSettings { Auto = "nonsense,record" })).IsDone);
        await Publish(cluster, node, "alice");
        await Until.True(() => Running(cluster).SequenceEqual(["alice record"]), "the other job");
        Assert.Single((await room.Describe()).ValueOrThrow().Streams);
    }

    private static IEnumerable<string> Running(JobCluster cluster) =>
        cluster.Work.Running.Select(a => $"{a.Run.Request.Stream.Stream} {a.Run.Request.Profile}").Order(StringComparer.Ordinal);

    private static async Task Publish(JobCluster cluster, FakeNode node, string stream, string service = "")
    {
        var room = cluster.Client.GetRoom(Room);
        var member = node.Sit(Room, service: service);
        Assert.True((await room.TakeSeat(new SeatRequest(member, false))).IsDone);
        var epoch = (await room.ClaimStream(new StreamClaim(member.Id, node.Name, stream))).ValueOrThrow();
        node.Publish(Room, new StreamInfo { Name = stream, Publisher = member.Id, Origin = node.Name, Epoch = epoch });
        await node.Report(Room);
    }
}
