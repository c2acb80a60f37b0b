using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Pending;

/// <summary>Connections, rooms and silos that end in the middle.</summary>
public sealed class SiloStopTests
{
    [Fact]
    public async Task A_silo_that_stops_gives_its_pending_connections_to_another_one_at_once()
    {
        await using var cluster = await GrainCluster.Start(2);
        await cluster.Client.GetRoom(new RoomKey("chat", "lobby")).Create(new RoomSettings { WaitingRoom = true });
        var requests = Enumerable.Range(0, 20).Select(_ => Requests.New()).ToList();
        var admissions = requests.Select(r => cluster.Client.Admit(r, TimeSpan.FromSeconds(25), confirm: true)).ToList();
        foreach (var request in requests)
            await cluster.Client.UntilItWaitsFor(request.Connection, "approval");
        var moves = requests.Select(r => cluster.Client.GetPending(r.Connection)).First(g => cluster.SiloOf(g) == 1);

        var before = TimeProvider.System.GetTimestamp();
        await cluster.Stop(1);
        Assert.True(TimeProvider.System.GetElapsedTime(before) < TimeSpan.FromSeconds(20), "the silo waited for a slice to end");
        // Now, for a grain whose connection is decided goes.
        await Until.True(() => cluster.SiloOf(moves) == 0, "the other silo has it");
        foreach (var (request, admission) in requests.Zip(admissions))
        {
            Answer<Verdict> decision;
            do
                decision = await cluster.Client.GetPending(request.Connection).Reject("alice", $"not {request.Connection}");
            while (decision.Refusal?.Code == RefusalCode.UnknownConnection);
            Assert.Equal($"not {request.Connection}", (await admission).Description);
        }
    }

    [Theory, InlineData(1), InlineData(2)]
    public async Task Connections_that_come_while_a_silo_dies_are_all_admitted(int victims)
    {
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Silos = 3, ClientTimeout = TimeSpan.FromSeconds(10) });
        await cluster.Client.GetRoom(new RoomKey("chat", "lobby")).Create(new RoomSettings { Capacity = 1000 });
        var admissions = new List<Task<Verdict>>();
        for (var i = 0; i < 300; i++)
        {
            admissions.Add(cluster.Client.Admit(Requests.New()));
            if (i is 100 or 200 && i / 100 <= victims)
                await cluster.Kill(i / 100);
            if (admissions.Count % 10 == 0)
                await Task.Yield();
        }
        var verdicts = await Task.WhenAll(admissions);
        Assert.All(verdicts, v => Assert.Equal((VerdictKind.Accept, "lobby"), (v.Kind, v.Room!.Value.Room)));
        Assert.Equal(300, verdicts.Select(v => v.Connection).Distinct().Count());
    }
}
