using RoomGrains.Hosting;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Media jobs of this cluster are members of a room for everything, but they take no seat, no client's place, and wait for nobody.</summary>
public sealed class ServiceMemberTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    private static string Ticket(RoomKey room, string service = "record") => new TicketSigner(TestGateway.Secret).Sign(new Ticket
    {
        Purpose = TicketPurpose.Guest, Room = room, Node = "one", Expires = TimeProvider.System.GetUtcNow().AddMinutes(1), Approved = true, Service = service,
    });

    private static Task<RawClient> ConnectAsync(TestGateway gateway, RoomKey room) => RawClient.ConnectAsync(gateway.EndPoint, $"{room}?ticket={Ticket(room)}");

    private async Task<Guest> JoinAsync(TestGateway gateway, RoomKey room)
    {
        var job = await Guest.JoinAsync(await ConnectAsync(gateway, room), _cancel);
        // The gateway says that it is in a moment before it counts it as what it is.
        await job.SyncAsync();
        return job;
    }

    [Fact]
    public async Task A_job_plays_what_is_published_on_another_node_in_a_full_room_that_lets_nobody_else_in()
    {
        var room = grains.NewRoom();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one");
        await using var two = await TestGateway.StartAsync(grains.Grains, "two");
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        (await grains.Grains.GetRoom(room).Set(new RoomSettings { Capacity = 1, WaitingRoom = true })).ValueOrThrow();
        await alice.SendAsync("VH1@0 AH1@0 K1@0 A2@10");
        await alice.SyncAsync();

        await using var job = await (await JoinAsync(two, room)).PlayAsync("alice");
        Assert.EndsWith("1:VH1@0 1:AH1@0 1:K1@0 1:A2@10", await job.UntilAsync("1:A2@10"), StringComparison.Ordinal);
        var seen = await grains.Grains.UntilRoom(room, r => r.Members.Any(m => m.Plays.Contains("alice")), _cancel);
        Assert.Equal(1, seen.Summary.Members);
        Assert.Equal(("record", "two"), seen.Members.Where(m => m.Id == job.Id).Select(m => (m.Service, m.Node)).Single());

        // A room that lost its memory hears from the node what it is.
        await grains.Cluster.Deactivate(grains.Grains.GetRoom(room));
        seen = await grains.Grains.UntilRoom(room, r => r.Members.Length == 2, _cancel);
        Assert.Equal((1, "record"), (seen.Summary.Members, seen.Members.Single(m => m.Id == job.Id).Service));

        await job.DisposeAsync();
        Assert.Equal("", Assert.Single((await grains.Grains.UntilRoom(room, r => r.Members.Length == 1, _cancel)).Members).Service);
    }

    [Fact]
    public async Task A_job_publishes()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "one");
        await using var bob = await Guest.PlayAsync(gateway, room, "alice_360p", _cancel);
        await using var job = await (await JoinAsync(gateway, room)).PublishAsync("alice_360p");
        await job.SendAsync("VH1@0 K1@0");
        await bob.UntilAsync("1:K1@0");
        var seen = await grains.Grains.UntilRoom(room, r => r.Streams.Length == 1, _cancel);
        Assert.Equal((1, job.Id), (seen.Summary.Members, seen.Streams[0].Publisher));
    }

    [Fact]
    public async Task A_node_that_is_full_has_places_for_jobs_and_for_nobody_else()
    {
        var room = grains.NewRoom();
        using var counted = new Counted();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "one", options => (options.MaxConnections, options.ServiceConnections) = (1, 1));
        await using var alice = await Guest.JoinAsync(gateway, room, _cancel);
        var refused = counted["roomgrains.connections.refused limit=connections"];
        foreach (var query in (string[])["", "?ticket=x", $"?ticket={Ticket(room, service: "")}"])
        {
            await using var client = await RawClient.ConnectAsync(gateway.EndPoint, $"{room}{query}");
            var error = Assert.Single(await client.ReadToEndAsync(_cancel), c => c.Name == Replies.Error);
            Assert.Contains("as many clients as it may have", error[0]["description"].AsString(), StringComparison.Ordinal);
            await Until.True(() => gateway.Service.Load.Clients == 1, _cancel);
        }
        Assert.True(counted["roomgrains.connections.refused limit=connections"] >= refused + 3);

        // Each that was admitted leaves the place to the next.
        await using var first = await JoinAsync(gateway, room);
        await using var second = await JoinAsync(gateway, room);
        Assert.Equal(1, gateway.Service.Load.Clients);

        // They have taken no place of a client's, and give none back that is not theirs.
        await alice.DisposeAsync();
        await Until.True(() => gateway.Service.Load.Clients == 0, _cancel);
        await first.DisposeAsync();
        await gateway.Log.WaitAsync(3023, first.Id.Value, _cancel);
        await using var bob = await Guest.JoinAsync(gateway, room, _cancel);
        await using var carol = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        Assert.Contains(await carol.ReadToEndAsync(_cancel), c => c.Name == Replies.Error);
    }

    [Fact]
    public async Task A_node_that_drains_waits_for_jobs_to_complete_what_they_write()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "leaves");
        await using var other = await ReportedGateway.StartAsync(grains.Grains, "stays");
        await using var alice = await Guest.JoinAsync(gateway, room, _cancel);
        await using var job = await JoinAsync(gateway, room);
        var drained = gateway.Drainer.DrainAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("Connect.AppShutdown close", await alice.ToEndAsync());
        await alice.DisposeAsync();
        await gateway.Log.WaitAsync(3023, alice.Id.Value, _cancel);
        Assert.Equal("", await job.SyncAsync());
        Assert.False(drained.IsCompleted);
        await job.DisposeAsync();
        await drained;
    }

    [Fact]
    public async Task A_job_that_does_not_end_is_ended_when_time_is_up()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "leaves");
        await using var other = await ReportedGateway.StartAsync(grains.Grains, "stays");
        await using var job = await JoinAsync(gateway, room);
        var drained = gateway.Drainer.DrainAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("", await job.SyncAsync());
        gateway.Service.Hurry();
        Assert.Equal("Connect.AppShutdown close", await job.ToEndAsync());
        await job.DisposeAsync();
        await drained;
    }
}
