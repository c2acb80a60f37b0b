using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>Shared objects and calls across two nodes, with a client that is none of ours on each.</summary>
public sealed class RoomTalkTests
{
    [Fact]
    public async Task Two_of_npms_clients_on_two_nodes_share_objects_see_each_other_and_call()
    {
        Assert.SkipUnless(NpmClient.CanStart, "There is no rtmp-client: scripts/packages test installs it.");
        var cancel = TestLimit.Token();
        await using var cluster = await ClusterProcesses.StartAsync(2);
        var room = new RoomKey("chat", "lobby");
        var grains = (await cluster.ConnectAsync()).Grains;
        await using var alice = await NpmClient.ConnectAsync(cluster["n1"].Rtmp($"{room}"), cancel);
        var aliceId = Assert.Single((await grains.UntilRoom(room, details => details.Members.Length == 1, cancel)).Members).Id;
        await using var bob = await NpmClient.ConnectAsync(cluster["n2"].Rtmp($"{room}"), cancel);
        var bobId = (await grains.UntilRoom(room, details => details.Members.Length == 2, cancel)).Members.Single(member => member.Id != aliceId).Id;

        // Change, success, remove, clear.
        await alice.SayAsync("use", "notes");
        await alice.HearAsync("sync notes clear", cancel);
        await bob.SayAsync("use", "notes");
        await bob.HearAsync("sync notes clear", cancel);
        await alice.SayAsync("set", "notes", "x", 17);
        Assert.Equal("sync notes success x 17", await alice.HearAsync("sync notes", cancel));
        Assert.Equal("sync notes change x 17", await bob.HearAsync("sync notes", cancel));
        await bob.SayAsync("set", "notes", "x", null);
        Assert.Equal("sync notes delete x null", await alice.HearAsync("sync notes", cancel));
        Assert.Equal("sync notes delete x null", await bob.HearAsync("sync notes", cancel));
        await alice.SayAsync("set", "notes", "y", "two");
        await bob.HearAsync("sync notes change y two", cancel);
        await bob.SayAsync("clear", "notes");
        await alice.HearAsync("sync notes clear", cancel);
        await bob.HearAsync("sync notes clear", cancel);

        // The roster, which only the room writes.
        await bob.SayAsync("use", "members");
        await bob.HearAsync($"sync members change {aliceId}", cancel);
        await bob.HearAsync($"sync members change {bobId}", cancel);
        await bob.SayAsync("set", "members", aliceId.Value, "gone");
        await bob.HearAsync("status members SharedObject.NoWriteAccess", cancel);

        // Calls both ways.
        await alice.SayAsync("call", "room.say", "Good evening.");
        await alice.HearAsync("result room.say", cancel);
        await bob.SayAsync("call", "room.history");
        Assert.Contains("Good evening.", await bob.HearAsync("result room.history", cancel));
        await bob.SayAsync("call", "room.list");
        Assert.Contains(aliceId.Value, await bob.HearAsync("result room.list", cancel));
        await bob.SayAsync("call", "nothing");
        Assert.Equal("error nothing NetConnection.Call.Failed Method not found (nothing).", await bob.HearAsync("error nothing", cancel));
        Assert.Equal((AmfValue)"hello anna", (await grains.GetRoom(room).CallClient(bobId, "greet", ["anna"])).ValueOrThrow());
        await bob.HearAsync("greeted anna", cancel);

        // Who comes and goes on the other node.
        await using (await NpmClient.ConnectAsync(cluster["n1"].Rtmp($"{room}"), cancel))
        {
            var carolId = (await grains.UntilRoom(room, details => details.Members.Length == 3, cancel)).Members.Single(member => member.Id != aliceId && member.Id != bobId).Id;
            await bob.HearAsync($"sync members change {carolId}", cancel);
        }
        await bob.HearAsync("sync members delete", cancel);
        await alice.SayAsync("close");
        await bob.HearAsync($"sync members delete {aliceId}", cancel);
    }
}
