using Microsoft.Extensions.Time.Testing;
using RoomGrains.Media;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>How streams end, on purpose and not.</summary>
public sealed class StreamEndTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    /// <summary>The clock stands still: what players hear, they hear at once.</summary>
    [Theory]
    [InlineData("FCUnpublish", "1:Unpublish.Success onFCUnpublish")]
    [InlineData("FCUnpublish with a query", "1:Unpublish.Success onFCUnpublish")]
    [InlineData("deleteStream by id", "1:Unpublish.Success")]
    [InlineData("deleteStream by name", "1:Unpublish.Success")]
    [InlineData("closeStream", "1:Unpublish.Success")]
    [InlineData("publish false", "1:Unpublish.Success")]
    [InlineData("publish null", "1:Unpublish.Success")]
    [InlineData("play", "1:Unpublish.Success Begin1 1:Play.Reset 1:Play.Start 1:|RtmpSampleAccess@0")]
    [InlineData("close", "1:Unpublish.Success")]
    public async Task A_publisher_that_says_so_ends_its_stream_at_once(string how, string hears)
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, time: _time);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await alice.SendAsync("K1@0");
        Assert.Equal("Begin1 1:Play.PublishNotify 1:K1@0", await bob.ReadAsync(3));

        await (how switch
        {
            "FCUnpublish" => alice.SayAsync(0, "FCUnpublish", "alice"),
            "FCUnpublish with a query" => alice.SayAsync(0, "FCUnpublish", "alice?key=abc"),
            "deleteStream by id" => alice.SayAsync(0, "deleteStream", 1),
            "deleteStream by name" => alice.SayAsync(0, "deleteStream", "alice"),
            "closeStream" => alice.SayAsync(1, "closeStream"),
            "publish false" => alice.SayAsync(1, "publish", false),
            "publish null" => alice.SayAsync(1, "publish", Rtmp.Amf.AmfValue.Null),
            "play" => alice.SayAsync(1, "play", "other"),
            _ => alice.SayAsync(0, "close"),
        });
        Assert.Equal("1:Play.UnpublishNotify Eof1", await bob.ReadAsync(2));
        if (how == "close")
        {
            Assert.Equal(hears, await alice.ToEndAsync());
        }
        else
        {
            Assert.Equal(hears, await alice.SyncAsync());
            await alice.SendAsync("K2@40");
            await alice.SyncAsync();
        }

        // The name is free for another, and the player has stayed.
        await grains.Grains.UntilRoom(room, r => r.Streams.IsEmpty, _cancel);
        await using var carol = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await carol.SendAsync("K3@0");
        Assert.Equal("Begin1 1:Play.PublishNotify 1:K3@1", await bob.ReadAsync(3));
    }

    [Fact]
    public async Task A_player_that_closes_its_stream_hears_that_it_has_stopped_and_nothing_more()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await bob.SayAsync(1, "closeStream");
        Assert.Equal("1:Play.Stop", await bob.SyncAsync());
        await alice.SendAsync("K1@0");
        await alice.SyncAsync();
        Assert.Equal("", await bob.SyncAsync());
        Assert.Equal(0, gateway.Service.Load.Players);
    }

    [Fact]
    public async Task A_publisher_whose_connection_was_lost_is_waited_for_and_comes_back()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, time: _time);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await alice.SendAsync("VH1@0 K1@0 I2@40");
        await bob.UntilAsync("1:I2@40");
        await LoseAsync(gateway, room, alice);
        Pass(gateway, TimeSpan.FromSeconds(4.9));
        Assert.Equal("", await bob.SyncAsync());

        await using var again = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        Pass(gateway, TimeSpan.FromSeconds(0.1));
        await again.SendAsync("VH2@0 K3@0 I4@40");
        Assert.Equal("1:VH2@5040 1:K3@5040 1:I4@5080", await bob.ReadAsync(3));
        Pass(gateway, TimeSpan.FromSeconds(6));
        await again.SyncAsync();
        Assert.Equal("", await bob.SyncAsync());
    }

    [Fact]
    public async Task A_publisher_that_stays_away_ends_its_stream_when_the_grace_period_is_over()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, time: _time);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await alice.SendAsync("K1@0");
        await bob.UntilAsync("1:K1@0");
        await LoseAsync(gateway, room, alice);
        Pass(gateway, TimeSpan.FromSeconds(5));
        Assert.Equal("1:Play.UnpublishNotify Eof1", await bob.ReadAsync(2));
    }

    /// <summary>Cuts the connection without a word, and returns when gateway and room know it.</summary>
    private async Task LoseAsync(TestGateway gateway, RoomKey room, Guest publisher)
    {
        await publisher.DisposeAsync();
        await Until.True(() => gateway.Hub.Snapshot().Single().State == StreamState.Lost, _cancel);
        await grains.Grains.UntilRoom(room, r => r.Streams.IsEmpty && r.Members.Length == 1, _cancel);
    }

    /// <summary>Moves the clock, and lets the hub see it.</summary>
    private void Pass(TestGateway gateway, TimeSpan time)
    {
        _time.Advance(time);
        gateway.Hub.Tick();
    }
}
