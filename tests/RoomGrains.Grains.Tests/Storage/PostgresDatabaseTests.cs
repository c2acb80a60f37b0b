using Microsoft.Extensions.DependencyInjection;
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

        Assert.Equal(1, await Execute(database, "DELETE FROM OrleansQuery WHERE QueryKey = 'UpdateMembershipKey'"));
        var error = await Assert.ThrowsAsync<DatabaseException>(() => PostgresDatabase.Check(database, Token));
        Assert.Contains("lacks query UpdateMembershipKey.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Old_tables_are_told_with_their_version_and_what_to_do()
    {
        var database = await server.NewClusterDatabase();
        await Execute(database, "UPDATE RoomGrainsSchema SET Version = Version - 1");
        var error = await Assert.ThrowsAsync<DatabaseException>(() => PostgresDatabase.Check(database, Token));
        Assert.Contains($"has old tables: version {PostgresDatabase.SchemaVersion - 1}, and this RoomGrains needs version {PostgresDatabase.SchemaVersion}. Run 'roomctl database init'", error.Message, StringComparison.Ordinal);
        await PostgresDatabase.Apply(database, Token);
        await PostgresDatabase.Check(database, Token);
    }

    [Fact]
    public async Task Newer_tables_are_left_as_they_are_and_used_as_long_as_they_serve()
    {
        var database = await server.NewClusterDatabase();
        await Execute(database, "UPDATE RoomGrainsSchema SET Version = 99");
        await PostgresDatabase.Check(database, Token);
        Assert.Contains("tables of version 99", (await Assert.ThrowsAsync<DatabaseException>(() => PostgresDatabase.Apply(database, Token))).Message, StringComparison.Ordinal);
        await Execute(database, "UPDATE RoomGrainsSchema SET Serves = 98");
        Assert.Contains("serves nodes of version 98 and later", (await Assert.ThrowsAsync<DatabaseException>(() => PostgresDatabase.Check(database, Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_string_that_is_none_is_told_without_its_password()
    {
        var error = await Assert.ThrowsAsync<DatabaseException>(() => PostgresDatabase.Check("Host=db;Passwort=secret", Token));
        Assert.Contains("Cluster:ConnectionString", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reminders_are_kept_changed_found_by_their_part_of_the_ring_and_removed()
    {
        var database = await server.NewClusterDatabase();
        var silo = await Silos.Start(Silos.NewOptions(database), dataFolder: "");
        var table = silo.Services.GetRequiredService<IReminderTable>();
        GrainId[] grains = [.. Enumerable.Range(0, 20).Select(i => GrainId.Create("job", $"j{i}"))];
        var at = new DateTime(2026, 11, 22, 12, 0, 0, DateTimeKind.Utc);
        foreach (var grain in grains)
            await table.UpsertRow(new ReminderEntry { GrainId = grain, ReminderName = "retry", StartAt = at, Period = TimeSpan.FromMinutes(1) }, Token);

        var old = (await table.ReadRow(grains[3], "retry", Token))!;
        Assert.Equal((at, TimeSpan.FromMinutes(1)), (old.StartAt, old.Period));
        var etag = await table.UpsertRow(new ReminderEntry { GrainId = grains[3], ReminderName = "retry", StartAt = at.AddHours(1), Period = TimeSpan.FromMinutes(2) }, Token);
        Assert.Equal(TimeSpan.FromMinutes(2), (await table.ReadRows(grains[3], Token)).Reminders.Single().Period);
        Assert.False(await table.RemoveRow(grains[3], "retry", old.ETag!, Token));

        // Halves of the ring at every boundary: no reminder in both, none in neither. Begin is excluded, end included.
        uint[] hashes = [.. grains.Select(grain => grain.GetUniformHashCode()), 0, 1u << 31, uint.MaxValue];
        Assert.Equal(20, (await table.ReadRows(0, 0, Token)).Reminders.Count);
        foreach (var begin in hashes)
        {
            var end = begin + (1u << 31);
            string[] Found(ReminderTableData data) => [.. data.Reminders.Select(reminder => reminder.GrainId.ToString())];
            var (inside, outside) = (Found(await table.ReadRows(begin, end, Token)), Found(await table.ReadRows(end, begin, Token)));
            Assert.Equal(grains.Where(grain => grain.GetUniformHashCode() - begin - 1 <= (1u << 31) - 1).Select(grain => grain.ToString()).Order(), inside.Order());
            Assert.Equal(20, inside.Union(outside).Count());
            Assert.Empty(inside.Intersect(outside));
        }

        Assert.True(await table.RemoveRow(grains[3], "retry", etag!, Token));
        Assert.Null(await table.ReadRow(grains[3], "retry", Token));
        await silo.Stop();
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_named_without_its_password()
    {
        var nobody = $"Host=127.0.0.1;Port={FreePort.Next()};Username=u;Password=secret;Database=d;Timeout=5";
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

    private static async Task<int> Execute(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync(Token);
    }
}
