using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Rooms;

/// <summary>Many at once for few seats.</summary>
public sealed class SeatRaceTests
{
    // No node reports its members here: seats must outlast the test without.
    private static void LongLease(IServiceCollection services) => services.Configure<RoomOptions>(o => o.SeatLease = TimeSpan.FromMinutes(10));

    [Theory, InlineData(1), InlineData(3)]
    public async Task Of_500_that_race_for_80_seats_80_get_one(int silos)
    {
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Silos = silos, Services = LongLease });
        var requests = Enumerable.Range(0, 500).Select(_ => Requests.New()).ToList();
        var verdicts = await Task.WhenAll(requests.Select(r => cluster.Client.Admit(r)));

        var accepted = verdicts.Where(v => v.Kind == VerdictKind.Accept).Select(v => v.Connection).ToHashSet();
        Assert.Equal(80, accepted.Count);
        Assert.All(verdicts.Where(v => v.Kind != VerdictKind.Accept), v => Assert.Equal(RefusalCode.RoomFull, v.Code));
        var room = cluster.Client.GetRoom(new RoomKey("chat", "lobby"));
        Assert.Equal(accepted, (await room.Describe()).ValueOrThrow().Members.Select(m => m.Id).ToHashSet());

        foreach (var one in accepted.Take(10))
            await room.ReleaseSeat(one);
        var second = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => cluster.Client.Admit(Requests.New())));
        Assert.Equal(10, second.Count(v => v.Kind == VerdictKind.Accept));
    }

    [Theory, InlineData(1), InlineData(3)]
    public async Task A_crowd_that_names_no_room_fills_rooms_and_none_beyond_its_seats(int silos)
    {
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Silos = silos, Services = LongLease });
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => cluster.Client.Admit(Requests.New(room: null))));

        Assert.All(verdicts, v => Assert.Equal(VerdictKind.Accept, v.Kind));
        var rooms = verdicts.GroupBy(v => v.Room!.Value).ToDictionary(g => g.Key, g => g.Count());
        Assert.All(rooms.Values, count => Assert.InRange(count, 1, 80));
        // 500 guests need 7 rooms; promises that are counted a little too long may open some more.
        Assert.InRange(rooms.Count, 7, 12);
    }
}
