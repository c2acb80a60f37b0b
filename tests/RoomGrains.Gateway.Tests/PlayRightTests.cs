using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Where an application's own code decides who watches.</summary>
public sealed class PlayRightTests(GrainFixture fixture) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();
    private readonly RoomKey _room = new("guarded", fixture.NewRoom().Room);

    [Fact]
    public async Task Who_may_not_watch_is_told_why_and_may_watch_something_else()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        Assert.Equal(1u, await alice.CreateStreamAsync());
        await alice.SayAsync(1, "play", "backstage");
        Assert.Equal("1:Play.Failed", await alice.ReadAsync(1));
        Assert.Contains("Not for the audience.", alice.Description, StringComparison.Ordinal);
        await alice.SayAsync(1, "play", "stage");
        Assert.Equal("Begin1 1:Play.Reset 1:Play.Start 1:|RtmpSampleAccess@0", await alice.ReadAsync(4));
        await using var bob = await Guest.PublishAsync(gateway, _room, "stage", _cancel);
        await bob.SendAsync("K1@0");
        await alice.UntilAsync("1:K1@0");
        // What it watches ends where it asks for what it may not.
        await alice.SayAsync(1, "play", "backstage");
        Assert.Equal("1:Play.Failed", await alice.ReadAsync(1));
        await bob.SendAsync("K2@40");
        await bob.SyncAsync();
        Assert.Equal("", await alice.SyncAsync());
    }

    /// <summary>In a video chat everybody publishes and watches on one connection: what code thinks about is not what the others see stand still.</summary>
    [Fact]
    public async Task While_code_thinks_the_client_is_served_and_what_it_wanted_last_counts()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var alice = await Guest.PublishAsync(gateway, _room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, _room, "alice", _cancel);
        using var held = fixture.HoldPlays(_room);
        Assert.Equal(2u, await alice.CreateStreamAsync());
        await alice.SayAsync(2, "play", "slow");
        await alice.SendAsync("K1@0");
        Assert.Equal("", await alice.SyncAsync());
        await bob.UntilAsync("1:K1@0");
        await alice.SayAsync(2, "play", "slow2");
        await alice.SayAsync(2, "play", "stage");
        Assert.Equal("", await alice.SyncAsync());
        held.Release();
        Assert.Equal("Begin2 2:Play.Reset 2:Play.Start 2:|RtmpSampleAccess@0", await alice.ReadAsync(4));
        Assert.Equal(["slow", "stage"], held.Asked);
        Assert.Equal("", await alice.SyncAsync());
    }

    [Fact]
    public async Task Who_may_watch_does_as_who_came_in_or_as_the_stream_s_own_token_says()
    {
        await using var gateway = await TestGateway.StartAsync(fixture.Grains);
        await using var kim = await Guest.JoinAsAsync(gateway, _room, MemberRole.Moderator, _cancel, "kim");
        await kim.PlayAsync("backstage");
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await alice.PlayAsync("backstage" + GrainFixture.TokenFor(_room, MemberRole.Moderator, "kim"));
    }
}
