using Microsoft.Extensions.Time.Testing;
using Orleans;
using Orleans.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>What a node asks its rooms, where a room is not there for a moment, has lost its memory, or is asked by many at once.</summary>
public sealed class ClaimTests
{
    private readonly CancellationToken _cancel = TestLimit.Token();
    private readonly RoomKey _room = new("chat", "lobby");

    [Fact]
    public async Task Who_publishes_when_the_silo_of_the_room_has_died_publishes()
    {
        await using var cluster = await GrainCluster.Start(3);
        await using var gateway = await TestGateway.StartAsync(cluster.Client, "one");
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await alice.CreateStreamAsync();
        await using var bob = await Guest.PlayAsync(gateway, _room, "alice", _cancel);
        await cluster.Kill(cluster.SiloOf(cluster.Client.GetRoom(_room)));
        await alice.SayAsync(1, "publish", "alice", "live");
        await alice.UntilAsync("1:Publish.Start");
        await alice.SendAsync("K1@0");
        await bob.UntilAsync("1:K1@0");
    }

    /// <summary>A call to a silo that died is not answered. It must not take Orleans' 30 s, nor the publisher's patience.</summary>
    [Theory]
    [InlineData(1, "Begin1 1:Publish.Start")]
    [InlineData(int.MaxValue, "1:Failed Connect.Closed")]
    public async Task A_claim_that_is_not_answered_within_5_s_is_made_again_for_15_s(int lost, string heard)
    {
        using var calls = new RoomCalls { ClaimsToLose = lost };
        await using var cluster = await calls.StartAsync();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync(cluster.Client, "one", time: time);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await alice.CreateStreamAsync();
        await alice.SayAsync(1, "publish", "alice", "live");
        await Until.True(() => calls.Claims == 1, _cancel);
        var answer = alice.ReadAsync(2);
        // Up to the second claim, whose answer comes; the cluster takes real time for it, of which the publisher has 15 s by this clock.
        var took = lost == 1
            ? await time.AdvanceUntilAsync(Until.True(() => calls.Claims > 1, _cancel), _cancel, TimeSpan.FromMilliseconds(100))
            : await time.AdvanceUntilAsync(answer, _cancel);
        Assert.True(took >= TimeSpan.FromSeconds(lost == 1 ? 5 : 15), $"{took}");
        Assert.Equal(heard, await answer);
        Assert.True(calls.Claims > 1);
        // Or the cluster would wait for them when it stops.
        calls.Dispose();
    }

    [Fact]
    public async Task A_claim_that_the_node_cannot_use_is_given_back()
    {
        await using var cluster = await GrainCluster.Start(1);
        await using var gateway = await TestGateway.StartAsync(cluster.Client, "one");
        var newer = gateway.Hub.Publish($"{_room}/alice", long.MaxValue)!;
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await using var bob = await Guest.JoinAsync(gateway, _room, _cancel);
        await alice.CreateStreamAsync();
        await alice.SayAsync(1, "publish", "alice", "live");
        Assert.StartsWith("1:Publish.BadName", await alice.ToEndAsync(), StringComparison.Ordinal);
        Assert.Empty((await cluster.Client.UntilRoom(_room, r => r.Streams.IsEmpty, _cancel)).Streams);
        newer.End(Media.PublicationEnd.Clean);
    }

    [Fact]
    public async Task A_room_that_has_forgotten_its_member_is_told()
    {
        await using var cluster = await GrainCluster.Start(1);
        await using var gateway = await TestGateway.StartAsync(cluster.Client, "one", options => options.PresenceInterval = TimeSpan.FromMinutes(1));
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        // No node has reported to the cluster: the new activation has nobody to ask.
        await cluster.Deactivate(cluster.Client.GetRoom(_room));
        await alice.CreateStreamAsync();
        await alice.SayAsync(1, "publish", "alice", "live");
        Assert.Equal("Begin1 1:Publish.Start", await alice.ReadAsync(2));
    }

    /// <summary>The node's clock stands still: what is reported does not wait for the heartbeat.</summary>
    [Fact]
    public async Task A_room_hears_of_the_first_at_once_and_of_a_storm_in_a_few_calls()
    {
        using var calls = new RoomCalls();
        await using var cluster = await calls.StartAsync();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync(cluster.Client, "one", time: time);
        await using var alice = await Guest.JoinAsync(gateway, _room, _cancel);
        await Until.True(() => calls.Reports == 1, _cancel);
        var storm = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Guest.JoinAsync(gateway, _room, _cancel)));
        // A client may read its answer before its member is entered: what it says after that is heard by the member.
        foreach (var guest in storm)
            await guest.SyncAsync();
        Assert.Equal(1, calls.Reports);
        time.Advance(TimeSpan.FromMilliseconds(150));
        await Until.True(() => calls.Reports == 2, _cancel);
        time.Advance(TimeSpan.FromMilliseconds(150));
        foreach (var guest in storm)
            await guest.SyncAsync();
        Assert.Equal(2, calls.Reports);
        foreach (var guest in storm)
            await guest.DisposeAsync();
    }

    /// <summary>Counts the reports that rooms get, and loses claims on their way.</summary>
    private sealed class RoomCalls : IIncomingGrainCallFilter, IDisposable
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _reports;
        private int _claims;

        public int ClaimsToLose { get; init; }

        public int Reports => Volatile.Read(ref _reports);

        public int Claims => Volatile.Read(ref _claims);

        public Task<GrainCluster> StartAsync() => GrainCluster.Start(new GrainClusterOptions { Silo = silo => silo.AddIncomingGrainCallFilter(this) });

        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.InterfaceMethod.DeclaringType == typeof(IRoomGrain))
            {
                if (context.InterfaceMethod.Name == nameof(IRoomGrain.Report))
                    Interlocked.Increment(ref _reports);
                if (context.InterfaceMethod.Name == nameof(IRoomGrain.ClaimStream) && Interlocked.Increment(ref _claims) <= ClaimsToLose)
                    await _end.Task;
            }
            await context.Invoke();
        }

        public void Dispose() => _end.TrySetResult();
    }
}
