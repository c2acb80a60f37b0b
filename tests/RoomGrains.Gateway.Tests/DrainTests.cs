using System.Net;
using Microsoft.Extensions.Time.Testing;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>A node that leaves while others stay: each client is sent away in the way that it bears.</summary>
public sealed class DrainTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task Who_does_not_follow_is_ended_between_two_pictures_and_publishers_go_first()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "leaves");
        await using var other = await ReportedGateway.StartAsync(grains.Grains, "stays");
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await using var idle = await Guest.JoinAsync(gateway, room, _cancel);
        await alice.SendAsync("VH1@0 K1@0 I2@40");
        await bob.UntilAsync("1:I2@40");
        var drained = gateway.Drainer.DrainAndStopAsync(Minute);

        Assert.Equal("Connect.AppShutdown close", await idle.ToEndAsync());
        // The group goes on to its end; the next one will be the first at the other server.
        await alice.SendAsync("I3@80 K4@120 I5@160");
        Assert.Equal("1:Unpublish.Success Connect.AppShutdown close", await alice.ToEndAsync());
        Assert.Equal("1:I3@80", await bob.NextAsync());
        // The stream comes back, from another node: nobody told its player that it had ended. Now it is the player's turn, between two groups.
        var heard = bob.ToEndAsync();
        await RepublishAsync(gateway, new StreamKey(room, "alice"), heard);
        Assert.Matches("^(1:K1@[0-9]+ 1:I2@[0-9]+ )*1:Play.UnpublishNotify Eof1 Connect.AppShutdown close$", await heard);
        await CloseAsync(alice, bob, idle);
        await drained;
        Assert.True(gateway.Stopping.IsCancellationRequested);
        await Assert.ThrowsAnyAsync<System.Net.Sockets.SocketException>(() => RawClient.OpenAsync(gateway.EndPoint));
    }

    [Fact]
    public async Task Who_sends_no_key_frame_is_ended_after_five_seconds()
    {
        var room = grains.NewRoom();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "leaves", time: time);
        await using var other = await ReportedGateway.StartAsync(grains.Grains, "stays");
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.JoinCapableAsync(gateway, room, _cancel);
        await alice.SendAsync("AH1@0 A1@0");
        await alice.SyncAsync();
        var drained = gateway.Drainer.DrainAsync(Minute);
        // The cluster has said that there is another node, for which it had five seconds: now the clock may go.
        Assert.Equal("Connect.ReconnectRequest", await bob.NextAsync());
        await bob.DisposeAsync();
        var end = alice.ToEndAsync();
        var took = await time.AdvanceUntilAsync(end, _cancel);
        Assert.Equal("1:Unpublish.Success Connect.AppShutdown close", await end);
        Assert.InRange(took, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(29));
        await alice.DisposeAsync();
        await time.AdvanceUntilAsync(drained, _cancel);
    }

    [Fact]
    public async Task Who_follows_is_asked_and_served_until_it_goes_or_time_is_up()
    {
        var room = grains.NewRoom();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        // Else who is silent here to the end of the minute would be ended for that a moment later.
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "leaves", options => options.IdleTimeout = TimeSpan.FromHours(1), time: time);
        await using var other = await ReportedGateway.StartAsync(grains.Grains, "stays");
        await using var alice = await (await Guest.JoinCapableAsync(gateway, room, _cancel)).PublishAsync("alice");
        await using var bob = await (await Guest.JoinCapableAsync(gateway, room, _cancel)).PlayAsync("alice");
        var drained = gateway.Drainer.DrainAsync(Minute);

        Assert.Equal("Connect.ReconnectRequest", await alice.NextAsync());
        Assert.True(ReconnectRequest.TryParse(alice.Heard, $"rtmp://{gateway.EndPoint}/{room}", out var request));
        Assert.StartsWith($"rtmp://127.0.0.1:1/{room}?ticket=", request.Url, StringComparison.Ordinal);
        await alice.SendAsync("VH1@0 K1@0 I2@40 K3@80");
        Assert.Equal("1:VH1@0 1:K1@0 1:I2@40 1:K3@80", await bob.ReadAsync(4));
        // The publisher has not gone: its player is not kept for it.
        var asked = bob.NextAsync();
        // In small steps: the cluster, which is asked where to, has five seconds by this clock.
        Assert.InRange(await time.AdvanceUntilAsync(asked, _cancel, TimeSpan.FromMilliseconds(200)), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20));
        Assert.Equal("Connect.ReconnectRequest", await asked);
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Text.Contains("ticket", StringComparison.Ordinal));

        await bob.DisposeAsync();
        var end = alice.UntilAsync("close");
        await time.AdvanceUntilAsync(end, _cancel);
        Assert.Equal("1:Unpublish.Success Connect.AppShutdown close", await end);
        await alice.DisposeAsync();
        await time.AdvanceUntilAsync(drained, _cancel);
    }

    [Fact]
    public async Task Who_is_pending_asks_elsewhere()
    {
        var room = await grains.NewWaitingRoomAsync();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "leaves");
        await using var other = await ReportedGateway.StartAsync(grains.Grains, "stays");
        await using var follows = await RawClient.ConnectAsync(gateway.EndPoint, $"{room}?redirect=follow&key=a%26b");
        var id = await grains.PendingAsync(room, _cancel);
        await using var obs = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        await gateway.Log.WaitAsync(3021, room.ToString(), _cancel);
        await Until.True(() => gateway.Service.Load.Pending == 2, _cancel);
        var drained = gateway.Drainer.DrainAsync(Minute);

        var redirect = Assert.Single(await follows.ReadToEndAsync(_cancel), c => c.Name == Replies.Error)[0]["ex"]["redirect"].AsString()!;
        // It was not decided: it has no ticket, but brings what it brought here.
        Assert.StartsWith($"rtmp://127.0.0.1:1/{room}?", redirect, StringComparison.Ordinal);
        Assert.Equal(["key=a%26b", "redirect=follow"], redirect.Split('?')[1].Split('&').Order());
        var rejected = Assert.Single(await obs.ReadToEndAsync(_cancel), c => c.Name == Replies.Error);
        Assert.Equal(StatusCodes.Connect.AppShutdown, rejected[0]["code"].AsString());
        Assert.Contains("Connect again", rejected[0]["description"].AsString(), StringComparison.Ordinal);
        await follows.DisposeAsync();
        await obs.DisposeAsync();
        await drained;
        Assert.Equal(RefusalCode.Gone, (await grains.Grains.GetPending(id).Approve("the test")).Refusal?.Code);
    }

    [Fact]
    public async Task A_second_call_makes_it_quicker_and_a_later_one_cannot_make_it_slower()
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "leaves");
        await using var other = await ReportedGateway.StartAsync(grains.Grains, "stays");
        await using var alice = await Guest.JoinCapableAsync(gateway, grains.NewRoom(), _cancel);
        var drained = gateway.Drainer.DrainAsync(Minute);
        Assert.Equal("Connect.ReconnectRequest", await alice.NextAsync());
        Assert.Same(drained, gateway.Drainer.DrainAsync(2 * Minute));
        gateway.Service.Hurry();
        Assert.Equal("Connect.AppShutdown close", await alice.ToEndAsync());
        await alice.DisposeAsync();
        await drained;
    }

    [Fact]
    public async Task The_cluster_drains_a_node_by_its_name()
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "n1");
        await using var n1 = await ReportedGateway.StartAsync(grains.Grains, "n1", gateway);
        await using var other = await ReportedGateway.StartAsync(grains.Grains, "n2");
        await using var alice = await Guest.JoinCapableAsync(gateway, grains.NewRoom(), _cancel);
        Assert.True((await grains.Grains.GetCluster().DrainNode("n1", Minute)).IsDone);
        Assert.Equal("Connect.ReconnectRequest", await alice.NextAsync());
        await alice.DisposeAsync();
        await Until.True(() => gateway.Stopping.IsCancellationRequested, _cancel);
        Assert.Equal(0, gateway.Service.Load.Clients);
    }

    /// <summary>The room is full: both of a client's connections are in it for a moment.</summary>
    [Fact]
    public async Task Who_goes_elsewhere_keeps_seat_and_stream_also_in_a_full_room()
    {
        var room = grains.NewRoom();
        (await grains.Grains.GetRoom(room).Create(new RoomSettings { Capacity = 2 })).ValueOrThrow();
        await using var leaves = await TestGateway.StartAsync(grains.Grains, "leaves");
        await using var stays = await TestGateway.StartAsync(grains.Grains, "stays");
        await using var other = await ReportedGateway.StartAsync(grains.Grains, "stays", stays);
        await using var alice = await (await Guest.JoinCapableAsync(leaves, room, _cancel)).PublishAsync("alice");
        await using var bob = await (await Guest.JoinCapableAsync(leaves, room, _cancel)).PlayAsync("alice");
        await alice.SendAsync("VH1@0 K1@0");
        await bob.UntilAsync("1:K1@0");
        var drained = leaves.Drainer.DrainAsync(Minute);

        await using var alice2 = await (await FollowAsync(alice, "Connect.ReconnectRequest")).PublishAsync("alice");
        // The room has the stream from the new one now, and the old one may go without a word about who took it over.
        var end = await alice.ToEndAsync();
        Assert.True(end is "1:Unpublish.Success Connect.Closed close", end);
        await using var bob2 = await (await FollowAsync(bob, "Connect.ReconnectRequest")).PlayAsync("alice");
        await CloseAsync(alice, bob);
        await drained;
        await alice2.SendAsync("VH1@0 K5@0");
        await bob2.UntilAsync("1:K5@0");
        var details = await grains.Grains.UntilRoom(room, r => r.Members.Length == 2 && r.Streams.Length == 1, _cancel);
        Assert.Equal((HashSet<ConnectionId>)[alice2.Id, bob2.Id], details.Members.Select(m => m.Id).ToHashSet());
        Assert.Equal((alice2.Id, "stays"), (details.Streams[0].Publisher, details.Streams[0].Origin));
        // The next one finds it full.
        await using var carol = await RawClient.ConnectAsync(stays.EndPoint, room.ToString());
        Assert.Contains(await carol.ReadToEndAsync(_cancel), c => c.Name == Replies.Error);
    }

    /// <summary>Reads up to the request, and does what it asks.</summary>
    private async Task<Guest> FollowAsync(Guest guest, string request)
    {
        await guest.UntilAsync(request);
        Assert.True(ReconnectRequest.TryParse(guest.Heard, "rtmp://old.example/chat", out var where));
        var url = new Uri(where.Url);
        return await Guest.JoinAsync(await RawClient.ConnectCapableAsync(IPEndPoint.Parse(url.Authority), url.PathAndQuery.TrimStart('/')), _cancel);
    }

    /// <summary>Publishes groups of two frames under a higher epoch until somebody has seen the end.</summary>
    private async Task RepublishAsync(TestGateway gateway, StreamKey stream, Task end)
    {
        var publication = gateway.Hub.Publish(stream.ToString(), long.MaxValue - 1)!;
        for (uint time = 0; !end.IsCompleted; time += 80)
        {
            Send("K1", time);
            Send("I2", time + 40);
            publication.Flush();
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, _cancel);
        }

        void Send(string word, uint time)
        {
            var (type, payload) = Words.Message(word);
            var message = new RtmpMessage(type, time, 1, SharedBuffer.CopyOf(payload));
            publication.Send(message);
            message.Release();
        }
    }

    private static async Task CloseAsync(params Guest[] guests)
    {
        foreach (var guest in guests)
            await guest.DisposeAsync();
    }
}
