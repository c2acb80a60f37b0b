using Microsoft.Data.Sqlite;
using RoomGrains.Grains.Storage;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Storage;

/// <summary>The database fails while users work: they are told so in a way that every client understands.</summary>
public sealed class DatabaseFailureTests
{
    private static readonly RoomKey Key = new("chat", "lobby");

    private static async Task Run(GrainCluster cluster, string sql)
    {
        await using var connection = new SqliteConnection(SqliteDatabase.ConnectionString(cluster.DataFolder));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_needs_the_database_is_refused_and_goes_on_when_it_is_back()
    {
        await using var cluster = await GrainCluster.Start(1);
        var room = cluster.Client.GetRoom(Key);
        await room.Describe();
        await Run(cluster, "ALTER TABLE OrleansStorage RENAME TO Broken");

        var refused = await room.Create(new RoomSettings { Capacity = 5 });
        Assert.Equal(RefusalCode.Unavailable, refused.Refusal!.Code);
        Assert.Contains("no such table", refused.Refusal.Message, StringComparison.Ordinal);
        // A grain that has to load its state first can't answer at all.
        await Assert.ThrowsAsync<DatabaseUnavailableException>(() => cluster.Client.GetRoom(new RoomKey("chat", "other")).Describe());
        // Who joins what is there needs no database.
        Assert.Equal(VerdictKind.Accept, (await cluster.Client.Admit(Requests.New())).Kind);
        Assert.Empty(await cluster.Client.GetCluster().ListApplications());

        await Run(cluster, "ALTER TABLE Broken RENAME TO OrleansStorage");
        Assert.Equal(5, (await room.Create(new RoomSettings { Capacity = 5 })).ValueOrThrow().Settings.Capacity);
        // What the directory could not tell the cluster before, it tells now.
        await Until.True(async () => (await cluster.Client.GetCluster().ListApplications()).Contains("chat"), "the application is known");
    }
}
