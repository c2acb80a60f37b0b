using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

/// <summary>The silo with the room dies: its members are there again, and its seats still count.</summary>
public sealed class RoomSiloDeathTests
{
    [Theory, InlineData(false), InlineData(true)]
    public async Task A_room_whose_silo_died_has_its_members_and_its_capacity(bool nodesForgotten)
    {
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Silos = 3, ClientTimeout = TimeSpan.FromSeconds(10) });
        var key = new RoomKey("chat", "lobby");
        var room = cluster.Client.GetRoom(key);
        await room.Create(new RoomSettings { Capacity = 4 });
        var nodes = new[] { new FakeNode(cluster.Client, "a"), new FakeNode(cluster.Client, "b") };
        foreach (var node in nodes)
            foreach (var member in (Member[])[node.Sit(key), node.Sit(key)])
                Assert.True((await room.TakeSeat(new SeatRequest(member, false))).IsDone);

        // The nodes go on reporting, as gateways do.
        foreach (var node in nodes)
            await node.Register();
        using var end = new CancellationTokenSource();
        var reports = Task.WhenAll(nodes.Select(node => Report(node, key, end.Token)));
        await Until.True(async () => (await cluster.Client.GetCluster().ListApplications()).Length == 1, "the application is known");
        // The silo may have had the list of nodes, too.
        if (nodesForgotten)
            await cluster.Deactivate(cluster.Client.GetCluster());
        await cluster.Kill(cluster.SiloOf(room));
        Answer<Seat>? fifth = null;
        while (fifth is null)
        {
            try
            {
                fifth = await room.TakeSeat(new SeatRequest(new Member { Id = ConnectionId.New(), Node = "a" }, false));
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }
        Assert.Equal(RefusalCode.RoomFull, fifth.Refusal!.Code);
        var members = (await room.Describe()).ValueOrThrow().Members.Select(m => m.Id).ToHashSet();
        Assert.Equal(nodes.SelectMany(n => n.Members[key]).Select(m => m.Id).ToHashSet(), members);
        await end.CancelAsync();
        await reports;
    }

    private static async Task Report(FakeNode node, RoomKey key, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            // Of one that the dead silo took along nobody hears for ten seconds: the next one says it again.
            foreach (var report in (Task[])[node.Announce(), node.Report(key)])
                _ = report.ContinueWith(_ => { }, TaskScheduler.Default);
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
