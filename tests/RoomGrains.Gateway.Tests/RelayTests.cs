using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Streams that are played on another node than the one they are published on.</summary>
public sealed class RelayTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task A_player_on_another_node_gets_what_a_player_on_the_origin_gets()
    {
        var room = grains.NewRoom();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one");
        await using var two = await TestGateway.StartAsync(grains.Grains, "two");
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await alice.SendAsync("meta640@0 VH1@0 AH1@0 K1@1000 A2@1010 I3@1040");
        await alice.SyncAsync();

        await using var here = await Guest.PlayAsync(one, room, "alice", _cancel);
        await using var there = await Guest.PlayAsync(two, room, "alice", _cancel);
        Assert.Equal("1:meta640@1000 1:VH1@1000 1:AH1@1000 1:K1@1000 1:A2@1010 1:I3@1040", await here.ReadAsync(6));
        Assert.Equal("Begin1 1:Play.PublishNotify 1:meta640@1000 1:VH1@1000 1:AH1@1000 1:K1@1000 1:A2@1010 1:I3@1040", await there.ReadAsync(8));

        // Live, and a header that changes in mid-stream.
        await alice.SendAsync("A4@1050 T5@1055 D6@1060 VH2@1080 K7@1080 A8@1090");
        Assert.Equal("1:A4@1050 1:T5@1055 1:D6@1060 1:VH2@1080 1:K7@1080 1:A8@1090", await here.ReadAsync(6));
        Assert.Equal("1:A4@1050 1:T5@1055 1:D6@1060 1:VH2@1080 1:K7@1080 1:A8@1090", await there.ReadAsync(6));

        // A late joiner gets the local cache.
        await using var late = await Guest.PlayAsync(two, room, "alice", _cancel);
        Assert.Equal("1:meta640@1080 1:VH2@1080 1:AH1@1080 1:K7@1080 1:A8@1090", await late.ReadAsync(5));
        Assert.Equal((1, 0), (two.Service.Load.Relays, one.Service.Load.Relays));
        Assert.Equal((2, 1), (one.Service.Load.Clients, one.Service.Load.Players));
        Assert.Equal((1, 1), (one.Hub.Snapshot().Single().Players, one.Hub.Snapshot().Single().Relays));

        await alice.SayAsync(1, "closeStream");
        Assert.Equal("1:Play.UnpublishNotify Eof1", await there.ReadAsync(2));
    }
}
