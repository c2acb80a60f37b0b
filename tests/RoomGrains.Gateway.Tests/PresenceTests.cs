using RoomGrains.Rtmp.Commands;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>What a room knows of the clients of a node.</summary>
public sealed class PresenceTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task A_room_shows_who_is_in_it_what_is_published_and_who_plays_it()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "one");
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await bob.CreateStreamAsync();
        await bob.SayAsync(2, "play", "carol");
        await alice.SendAsync("meta640@0 VH1@0 AH1@0 K1@0 A2@10");

        await AssertRoomAsync(["alice", "carol"]);
        await bob.SayAsync(1, "play", "dave");
        await AssertRoomAsync(["dave", "carol"]);
        await bob.SayAsync(0, "deleteStream", 1);
        await bob.SayAsync(2, "play", "alice");
        await AssertRoomAsync(["alice"]);

        // A room that lost its memory is as it was, once the nodes have told it.
        await grains.Cluster.Deactivate(grains.Grains.GetRoom(room));
        await AssertRoomAsync(["alice"]);
        await alice.SayAsync(1, "closeStream");
        Assert.Empty((await grains.Grains.UntilRoom(room, r => r.Streams.IsEmpty, _cancel)).Streams);
        await alice.DisposeAsync();
        await bob.DisposeAsync();
        while ((await grains.Grains.GetRoom(room).Describe()).Refusal?.Code != RefusalCode.UnknownRoom)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, _cancel);

        async Task AssertRoomAsync(string[] plays)
        {
            var players = plays.Contains("alice") ? 1 : 0;
            var details = await grains.Grains.UntilRoom(
                room,
                r => r is { Members.Length: 2, Streams: [{ AudioCodec: not "" } stream] } && stream.Players == players
                    && r.Members.Any(m => m.Id == bob.Id && m.Plays.SequenceEqual(plays)),
                _cancel);
            var published = details.Streams[0];
            Assert.Equal(
                ("alice", alice.Id, "one", "H.264", "AAC", 640, 360),
                (published.Name, published.Publisher, published.Origin, published.VideoCodec, published.AudioCodec, published.Width, published.Height));
            Assert.True(published.Epoch > 0);
            Assert.All(details.Members, m => Assert.Equal(("one", "RoomGrains tests", "127.0.0.1"), (m.Node, m.Client, m.Address.Split(':')[0])));
            Assert.Empty(details.Members.Single(m => m.Id == alice.Id).Plays);
        }
    }

    [Fact]
    public async Task A_room_that_lost_its_memory_gives_no_seat_away_twice()
    {
        var room = grains.NewRoom();
        (await grains.Grains.GetRoom(room).Create(new RoomSettings { Capacity = 3 })).ValueOrThrow();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "one");
        await using var alice = await Guest.JoinAsync(gateway, room, _cancel);
        await using var bob = await Guest.JoinAsync(gateway, room, _cancel);
        await using var carol = await Guest.JoinAsync(gateway, room, _cancel);
        // The room asks the nodes that the cluster knows.
        await using var one = await ReportedGateway.StartAsync(grains.Grains, "one", gateway);
        await grains.Cluster.Deactivate(grains.Grains.GetRoom(room));

        await using var dave = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        var error = Assert.Single(await dave.ReadToEndAsync(_cancel), c => c.Name == Replies.Error);
        Assert.Contains("full", error[0]["description"].AsString(), StringComparison.Ordinal);
        var members = (await grains.Grains.GetRoom(room).Describe()).ValueOrThrow().Members;
        Assert.Equal((HashSet<ConnectionId>)[alice.Id, bob.Id, carol.Id], members.Select(m => m.Id).ToHashSet());
    }
}
