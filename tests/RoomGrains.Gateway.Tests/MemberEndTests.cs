using Microsoft.Extensions.Time.Testing;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Members that are sent away: each hears why, and its seat is free.</summary>
public sealed class MemberEndTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task Who_is_kicked_hears_why_and_gives_seat_and_stream_back()
    {
        var room = grains.NewRoom();
        (await grains.Grains.GetRoom(room).Create(new RoomSettings { Capacity = 2 })).ValueOrThrow();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await alice.CreateStreamAsync();
        await alice.SayAsync(2, "play", "bob");
        await alice.UntilAsync("2:|RtmpSampleAccess@0");
        Assert.True((await grains.Grains.GetRoom(room).Kick(alice.Id, "Be kind to others.")).IsDone);

        // What makes players' programs stop, then the reason, then the end.
        Assert.Equal("1:Unpublish.Success 2:Play.UnpublishNotify Eof2 Connect.Closed", await alice.UntilAsync("Connect.Closed"));
        Assert.Equal("Be kind to others.", alice.Description);
        Assert.Equal("close", await alice.ToEndAsync());
        await gateway.Log.WaitAsync(3023, nameof(EndReason.Disconnected), _cancel);
        Assert.Equal("1:Play.UnpublishNotify Eof1", await bob.ReadAsync(2));
        Assert.Equal(bob.Id, Assert.Single((await grains.Grains.UntilRoom(room, r => r.Streams.IsEmpty, _cancel)).Members).Id);
        await using var carol = await Guest.JoinAsync(gateway, room, _cancel);
        Assert.Equal(RefusalCode.NotAMember, (await grains.Grains.GetRoom(room).Kick(alice.Id, "again")).Refusal?.Code);
    }

    /// <summary>The goodbye waits for its reader up to half a second; the clock stands still here, so for ever.</summary>
    [Fact]
    public async Task Who_does_not_read_the_goodbye_keeps_no_seat_and_no_players_waiting()
    {
        var room = grains.NewRoom();
        (await grains.Grains.GetRoom(room).Create(new RoomSettings { Capacity = 2 })).ValueOrThrow();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        Assert.Equal("Begin1 1:Play.PublishNotify", await bob.ReadAsync(2));
        // Refused, and the connection with it.
        await alice.CreateStreamAsync();
        await alice.SayAsync(2, "publish", "-");
        Assert.Equal("1:Play.UnpublishNotify Eof1", await bob.ReadAsync(2));
        await grains.Grains.UntilRoom(room, r => r.Members.Length == 1, _cancel);
        await using var carol = await Guest.PublishAsync(gateway, room, "alice", _cancel);
    }

    [Fact]
    public async Task Nothing_is_played_after_the_goodbye()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        using var enough = new CancellationTokenSource();
        var sending = Task.Run(SendAsync, _cancel);
        await bob.UntilAsync("1:K1@0");
        Assert.True((await grains.Grains.GetRoom(room).Kick(bob.Id, "Out.")).IsDone);
        await bob.UntilAsync("1:Play.UnpublishNotify");
        Assert.Equal("Eof1 Connect.Closed close", await bob.ToEndAsync());
        await enough.CancelAsync();
        await sending;
        Assert.DoesNotContain("1:", await alice.SyncAsync(), StringComparison.Ordinal);

        async Task SendAsync()
        {
            while (!enough.IsCancellationRequested)
                await alice.SendAsync("K1@0");
        }
    }

    [Fact]
    public async Task A_room_that_is_closed_says_so_to_all_and_lets_nobody_back_in()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.JoinAsync(gateway, room, _cancel);
        Assert.True((await grains.Grains.GetRoom(room).Close("See you tomorrow.")).IsDone);
        foreach (var guest in new[] { alice, bob })
        {
            await guest.UntilAsync("Connect.Closed");
            Assert.Equal("See you tomorrow.", guest.Description);
            Assert.Equal("close", await guest.ToEndAsync());
        }

        await using var late = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        var error = Assert.Single(await late.ReadToEndAsync(_cancel), c => c.Name == Replies.Error);
        Assert.Equal(StatusCodes.Connect.AppShutdown, error[0]["code"].AsString());
        Assert.Contains("closed", error[0]["description"].AsString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_stops_says_goodbye_to_each_in_its_words()
    {
        var (room, waiting) = (grains.NewRoom(), await grains.NewWaitingRoomAsync());
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await using var carol = await Guest.JoinAsync(gateway, room, _cancel);
        await using var pending = await RawClient.ConnectAsync(gateway.EndPoint, waiting.ToString());
        var id = await grains.PendingAsync(waiting, _cancel);
        var stopping = gateway.Service.StopAsync(_cancel);

        var error = Assert.Single(await pending.ReadToEndAsync(_cancel), c => c.Name == Replies.Error);
        Assert.Equal(StatusCodes.Connect.AppShutdown, error[0]["code"].AsString());
        Assert.Equal("1:Unpublish.Success Connect.AppShutdown close", await alice.ToEndAsync());
        Assert.Equal("Connect.AppShutdown close", await carol.ToEndAsync());
        // Its publisher's end and its own may both tell a player that the stream is over.
        Assert.EndsWith("1:Play.UnpublishNotify Eof1 Connect.AppShutdown close", await bob.ToEndAsync(), StringComparison.Ordinal);
        foreach (var guest in new[] { alice, bob, carol })
            await guest.DisposeAsync();
        await pending.DisposeAsync();
        await stopping;

        Assert.Equal(default, gateway.Service.Load with { BytesSent = 0 });
        Assert.True(gateway.Service.Draining.IsCancellationRequested);
        await Assert.ThrowsAnyAsync<System.Net.Sockets.SocketException>(() => RawClient.OpenAsync(gateway.EndPoint));
        Assert.Equal(RefusalCode.Gone, (await grains.Grains.GetPending(id).Approve("the test")).Refusal?.Code);
    }

    [Fact]
    public async Task Who_is_silent_is_pinged_and_then_dropped()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync(grains.Grains, time: time);
        await using var guest = await Guest.JoinAsync(gateway, grains.NewRoom(), _cancel);
        var ping = guest.NextAsync();
        Assert.InRange(await time.AdvanceUntilAsync(ping, _cancel), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60));
        Assert.Equal("Ping", await ping);
        var end = guest.ToEndAsync();
        Assert.InRange(await time.AdvanceUntilAsync(gateway.Log.WaitAsync(3023, nameof(EndReason.Idle), _cancel), _cancel), TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(60));
        Assert.EndsWith("Connect.IdleTimeOut close", await end, StringComparison.Ordinal);
    }

    /// <summary>OBS does not answer pings while it publishes, and a player that waits for a publisher does nothing but that.</summary>
    [Fact]
    public async Task Who_sends_or_takes_or_answers_stays()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, time: time);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await using var carol = await Guest.PlayAsync(gateway, room, "nobody", _cancel);
        for (var round = 1; round <= 15; round++)
        {
            await alice.SendAsync($"K{round}@{round * 1000}");
            await bob.UntilAsync($"1:K{round}@{round * 1000}");
            await carol.SyncAsync();
            // Two heartbeats, for the first may have begun before the frame.
            for (var beat = 0; beat < 2; beat++)
            {
                var sent = gateway.Service.Load.BytesSent;
                await carol.SyncAsync();
                await time.AdvanceUntilAsync(Until.True(() => gateway.Service.Load.BytesSent > sent, _cancel), _cancel);
            }
            time.Advance(TimeSpan.FromSeconds(18));
        }
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Id == 3023);
        Assert.Equal("", (await alice.SyncAsync()).Replace("Ping", "", StringComparison.Ordinal).Trim());
        Assert.Equal(3, gateway.Service.Load.Clients);
    }
}
