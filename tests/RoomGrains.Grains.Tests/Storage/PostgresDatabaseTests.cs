using Npgsql;
using RoomGrains.Grains.Storage;
using RoomGrains.Grains.Tests.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Storage;

public sealed class PostgresDatabaseTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_database_without_tables_is_refused_with_all_that_is_missing()
    {
        var database = await server.NewDatabase();
        var error = await Assert.ThrowsAsync<DatabaseException>(() => PostgresDatabase.Check(database, Token));
        foreach (var missing in (string[])["table orleansquery", "table orleansmembershiptable", "query WriteToStorageKey", "query GatewaysQueryKey", "127.0.0.1"])
            Assert.Contains(missing, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tables_can_be_applied_again_and_by_several_at_once()
    {
        var database = await server.NewDatabase();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PostgresDatabase.Apply(database, Token)));
        await PostgresDatabase.Apply(database, Token);
        await PostgresDatabase.Check(database, Token);

        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand("DELETE FROM OrleansQuery WHERE QueryKey = 'UpdateMembershipKey'", connection);
        Assert.Equal(1, await command.ExecuteNonQueryAsync(Token));
        var error = await Assert.ThrowsAsync<DatabaseException>(() => PostgresDatabase.Check(database, Token));
        Assert.Contains("lacks query UpdateMembershipKey.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_named_without_its_password()
    {
        var nobody = $"Host=127.0.0.1;Port={Silos.FreePorts(1)[0]};Username=u;Password=secret;Database=d;Timeout=5";
        var error = await Assert.ThrowsAsync<DatabaseException>(() => PostgresDatabase.Check(nobody, Token));
        Assert.Contains("'d' on 127.0.0.1:", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_silos_find_each_other_and_share_their_settings()
    {
        var database = await server.NewDatabase();
        await PostgresDatabase.Apply(database, Token);
        var key = new RoomKey("chat", "lobby");
        var first = await Silos.Start(Silos.NewOptions(database), dataFolder: "");
        var second = await Silos.Start(Silos.NewOptions(database), dataFolder: "");
        Assert.True((await first.Client().GetRoom(key).Create(new RoomSettings { Capacity = 5 })).IsDone);
        Assert.True((await second.Client().GetRoom(key).Set(new RoomSettings { Title = "Evening" })).IsDone);
        var hosts = await second.Client().GetGrain<IManagementGrain>(0).GetHosts(true, Token);
        Assert.Equal(2, hosts.Count);
        await first.Stop();
        Assert.Equal(VerdictKind.Accept, (await second.Client().Admit(Requests.New())).Kind);
        await second.Stop();

        var third = await Silos.Start(Silos.NewOptions(database), dataFolder: "");
        var settings = (await third.Client().GetRoom(key).Describe()).ValueOrThrow().Settings;
        Assert.Equal((5, "Evening"), (settings.Capacity, settings.Title));
        Assert.True((await third.Client().GetRoom(key).Close("done")).IsDone);
        Assert.Empty(await third.Client().GetDirectory("chat").ListRooms());
        await third.Stop();
    }
}
