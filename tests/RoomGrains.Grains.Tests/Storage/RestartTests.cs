using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Storage;

/// <summary>What survives the end of all silos, and what does not.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task Settings_survive_a_restart_and_members_do_not()
    {
        var folder = System.IO.Directory.CreateTempSubdirectory("roomgrains-restart-").FullName;
        try
        {
            var lobby = new RoomKey("chat", "lobby");
            await using (var first = await GrainCluster.Start(new GrainClusterOptions { DataFolder = folder }))
            {
                await first.Client.GetRoom(lobby).Create(new RoomSettings { Capacity = 5, Title = "Evening" });
                await first.Client.GetRoom(lobby).Set(new RoomSettings { Capacity = 6 });
                await first.Client.GetRoom(new RoomKey("chat", "closed")).Create(new RoomSettings());
                await first.Client.GetRoom(new RoomKey("chat", "closed")).Close("done");
                await first.Client.GetDirectory("talk").SetSettings(new ApplicationSettings { CreateRoomsOnTheFly = false, RoomDefaults = new RoomSettings { Capacity = 7 } });
                Assert.Equal(VerdictKind.Accept, (await first.Client.Admit(Requests.New())).Kind);
                Assert.Equal(VerdictKind.Accept, (await first.Client.Admit(Requests.New(room: "on-the-fly"))).Kind);
                await Until.True(async () => (await first.Client.GetCluster().ListApplications()).SequenceEqual(["chat", "talk"]), "both applications are known");
            }

            await using var second = await GrainCluster.Start(new GrainClusterOptions { DataFolder = folder });
            var listed = Assert.Single(await second.Client.GetDirectory("chat").ListRooms());
            Assert.Equal((lobby, 6, "Evening", true, 0), (listed.Room, listed.Capacity, listed.Title, listed.Permanent, listed.Members));
            var details = (await second.Client.GetRoom(lobby).Describe()).ValueOrThrow();
            Assert.Equal((6, "Evening"), (details.Settings.Capacity, details.Settings.Title));
            Assert.Empty(details.Members);
            Assert.Equal(RefusalCode.UnknownRoom, (await second.Client.GetRoom(new RoomKey("chat", "closed")).Describe()).Refusal!.Code);
            var talk = await second.Client.GetDirectory("talk").GetSettings();
            Assert.Equal((false, 7), (talk.CreateRoomsOnTheFly, talk.RoomDefaults.Capacity));
            Assert.Equal(["chat", "talk"], await second.Client.GetCluster().ListApplications());
            Assert.Equal(RefusalCode.UnknownRoom, (await second.Client.Admit(Requests.New("talk", "new"))).Code);
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            System.IO.Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Settings_survive_the_silo_that_had_the_room()
    {
        await using var cluster = await GrainCluster.Start(3);
        var room = cluster.Client.GetRoom(new RoomKey("chat", "lobby"));
        await room.Create(new RoomSettings { Capacity = 5 });
        await cluster.Kill(cluster.SiloOf(room));
        await Until.True(
            async () =>
            {
                try
                {
                    return (await room.Describe()).Value?.Settings.Capacity == 5;
                }
                catch (Exception e) when (e is OrleansException or TimeoutException)
                {
                    return false;
                }
            },
            "the room is back");
    }
}
