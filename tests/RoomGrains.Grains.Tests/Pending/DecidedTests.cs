using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Pending;

/// <summary>What a cluster remembers of connections that were decided: on the silo where it happened, and asked from any.</summary>
public sealed class DecidedTests(ThreeSilos silos) : IClassFixture<ThreeSilos>
{
    private readonly string _application = $"decided-{Guid.NewGuid():N}";

    [Fact]
    public async Task A_decided_connection_is_explained_on_whichever_silo_one_asks()
    {
        var request = Requests.New(_application);
        await Silo(0).Admit(request);
        for (var silo = 0; silo < 3; silo++)
        {
            var details = (await Silo(silo).GetPending(request.Connection).Describe()).ValueOrThrow();
            Assert.Equal(PendingState.Accepted, details.Summary.State);
            Assert.Contains(details.Trail, t => t.What == $"accepted to {_application}/lobby");
            await silos.Cluster.Deactivate(Silo(silo).GetPending(request.Connection));
        }
    }

    [Fact]
    public async Task It_is_not_decided_again_on_another_silo()
    {
        var request = Requests.New(_application);
        await Silo(0).Admit(request);
        var grain = Silo(1).GetPending(request.Connection);
        Assert.Equal(RefusalCode.AlreadyDecided, (await grain.Approve("alice")).Refusal!.Code);
        Assert.Equal(RefusalCode.AlreadyDecided, (await grain.Reject("alice", "no")).Refusal!.Code);
        Assert.Equal(RefusalCode.AlreadyDecided, (await grain.Redirect("alice", "rtmp://two.example/chat/lobby")).Refusal!.Code);
    }

    [Fact]
    public async Task A_client_that_left_after_its_verdict_gives_its_seat_back_and_is_gone_for_all()
    {
        var request = Requests.New(_application);
        await Silo(0).Admit(request);
        await silos.Cluster.Deactivate(Silo(0).GetPending(request.Connection));
        await Silo(0).GetPending(request.Connection).Abandon();
        Assert.Equal(RefusalCode.UnknownRoom, (await Silo(0).GetRoom(new RoomKey(_application, "lobby")).Describe()).Refusal!.Code);
        await silos.Cluster.Deactivate(Silo(0).GetPending(request.Connection));
        Assert.Equal(RefusalCode.Gone, (await Silo(2).GetPending(request.Connection).Approve("alice")).Refusal!.Code);
    }

    [Fact]
    public async Task The_eldest_are_forgotten_when_there_are_too_many()
    {
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Services = services => services.Configure<AdmissionOptions>(o => o.MaxDecided = 100) });
        var requests = Enumerable.Range(0, 102).Select(i => Requests.New(_application, $"room{i % 2}")).ToList();
        foreach (var request in requests)
        {
            await cluster.Client.Admit(request);
            // The silo begins to remember it with the end of its grain, and grains end in no order of their own.
            await cluster.Deactivate(cluster.Client.GetPending(request.Connection));
        }

        Assert.Equal(RefusalCode.UnknownConnection, (await cluster.Client.GetPending(requests[0].Connection).Describe()).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownConnection, (await cluster.Client.GetPending(requests[1].Connection).Describe()).Refusal!.Code);
        Assert.True((await cluster.Client.GetPending(requests[2].Connection).Describe()).IsDone);
        Assert.True((await cluster.Client.GetPending(requests[101].Connection).Describe()).IsDone);
    }

    private IGrainFactory Silo(int silo) => silos.Cluster.Services(silo).GetRequiredService<IGrainFactory>();
}
