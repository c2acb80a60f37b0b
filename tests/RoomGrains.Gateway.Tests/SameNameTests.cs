using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Two who want to publish under one name.</summary>
public sealed class SameNameTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task The_second_is_refused_while_the_firsts_bytes_still_come()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await alice.SendAsync("K1@0");
        Assert.Equal("1:K1@0", await bob.NextAsync());

        await using var mallory = await Guest.JoinAsync(gateway, room, _cancel);
        await mallory.CreateStreamAsync();
        await mallory.SayAsync(1, "publish", "alice", "live");
        await mallory.SendAsync("K666@0");
        Assert.Equal("1:Publish.BadName", await mallory.NextAsync());
        Assert.Contains("Another member publishes 'alice'", mallory.Description, StringComparison.Ordinal);
        Assert.Equal("Connect.Closed close", await mallory.ToEndAsync());
        await gateway.Log.WaitAsync(3023, nameof(EndReason.PublishRefused), _cancel);

        await alice.SendAsync("I2@40");
        Assert.Equal("", await alice.SyncAsync());
        Assert.Equal("1:I2@40", await bob.SyncAsync());
        Assert.Equal(alice.Id, Assert.Single((await grains.Grains.UntilRoom(room, r => r.Members.Length == 2, _cancel)).Streams).Publisher);
    }

    /// <summary>Also from another node: then the room tells the old publisher's, and players go on with what comes from there.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_second_takes_over_when_the_first_has_been_silent(bool elsewhere)
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, "one", time: time);
        await using var other = await TestGateway.StartAsync(grains.Grains, "two", time: time);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await alice.SendAsync("VH1@0 K1@0 I2@40");
        Assert.Equal("1:VH1@0 1:K1@0 1:I2@40", await bob.ReadAsync(3));

        var silent = await time.AdvanceUntilAsync(
            grains.Grains.UntilRoom(room, r => r.Streams is [var stream] && stream.Silence >= TimeSpan.FromSeconds(3), _cancel), _cancel);
        await using var again = await Guest.PublishAsync(elsewhere ? other : gateway, room, "alice", _cancel);
        Assert.Equal("1:Publish.BadName", await alice.NextAsync());
        Assert.Contains("taken over", alice.Description, StringComparison.Ordinal);
        Assert.Equal("Connect.Closed close", await alice.ToEndAsync());
        await gateway.Log.WaitAsync(3023, nameof(EndReason.Superseded), _cancel);
        Assert.Equal(again.Id, Assert.Single((await grains.Grains.UntilRoom(room, r => r.Members.All(m => m.Id != alice.Id), _cancel)).Streams).Publisher);

        await again.SendAsync("VH2@0 K3@0 I4@40");
        var heard = bob.ReadAsync(3);
        // A pull from elsewhere may come before the publication, and is tried again after a moment: the clock must go on for that.
        var pulled = await time.AdvanceUntilAsync(heard, _cancel, TimeSpan.FromMilliseconds(50));
        var at = int.Parse((await heard).Split(' ', '@')[1], CultureInfo.InvariantCulture);
        Assert.InRange(at, 40 + silent.TotalMilliseconds, 40 + (silent + pulled).TotalMilliseconds);
        Assert.Equal($"1:VH2@{at} 1:K3@{at} 1:I4@{at + 40}", await heard);
    }

    [Fact]
    public async Task A_client_that_publishes_its_name_on_another_NetStream_means_that_one()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await alice.CreateStreamAsync();
        await alice.SayAsync(2, "publish", "alice", "live");
        Assert.Equal("1:Unpublish.Success Begin2 2:Publish.Start", await alice.SyncAsync());
        Assert.Equal("1:Play.UnpublishNotify Eof1 Begin1 1:Play.PublishNotify", await bob.SyncAsync());
        await alice.SendAsync("K1@0", streamId: 2);
        Assert.Equal("1:K1@0", await bob.NextAsync());
    }
}
