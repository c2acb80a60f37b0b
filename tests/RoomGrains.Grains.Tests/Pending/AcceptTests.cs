using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Pending;

public class AcceptTests
{
    [Theory, InlineData(1), InlineData(3)]
    public async Task A_connection_is_accepted_to_the_room_it_asks_for(int silos)
    {
        await using var cluster = await GrainCluster.Start(silos);
        var request = Requests.New();

        var verdict = await cluster.Client.Admit(request);

        Assert.Equal(VerdictKind.Accept, verdict.Kind);
        Assert.Equal(request.Connection, verdict.Connection);
        Assert.Equal(new RoomKey("chat", "lobby"), verdict.Room);
        var room = (await cluster.Client.GetRoom(verdict.Room!.Value).Describe()).ValueOrThrow();
        Assert.Equal(request.Connection, Assert.Single(room.Members).Id);
        Assert.Equal(80, room.Summary.Capacity);
    }
}
