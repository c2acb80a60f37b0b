using Microsoft.Data.Sqlite;
using RoomGrains.Grains.Storage;

namespace RoomGrains.Grains.Tests.Storage;

public sealed class SqliteDatabaseTests : IDisposable
{
    private readonly string _folder = System.IO.Directory.CreateTempSubdirectory("roomgrains-sqlite-").FullName;

    private string File => SqliteDatabase.PathIn(_folder);

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        System.IO.Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void It_is_made_with_its_folder_and_opened_again()
    {
        var inner = Path.Combine(_folder, "not", "there");
        SqliteDatabase.Open(inner);
        SqliteDatabase.Open(inner);
        Assert.Equal(4L, Scalar(SqliteDatabase.PathIn(inner), "SELECT count(*) FROM OrleansQuery"));
        Assert.Equal("wal", Scalar(SqliteDatabase.PathIn(inner), "PRAGMA journal_mode"));
    }

    [Fact]
    public void An_empty_file_becomes_the_database()
    {
        System.IO.File.WriteAllBytes(File, []);
        SqliteDatabase.Open(_folder);
        Assert.Equal(4L, Scalar(File, "SELECT count(*) FROM OrleansQuery"));
    }

    [Theory, InlineData("This is no database, but it is long enough to have a header."), InlineData("x")]
    public void A_file_that_is_no_database_is_refused_and_left_as_it_is(string content)
    {
        System.IO.File.WriteAllText(File, content);
        var error = Assert.Throws<DatabaseException>(() => SqliteDatabase.Open(_folder));
        Assert.Contains(File, error.Message, StringComparison.Ordinal);
        Assert.Contains("not an SQLite database", error.Message, StringComparison.Ordinal);
        Assert.Equal(content, System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void Another_programs_database_is_refused_and_left_as_it_is()
    {
        Execute(File, "CREATE TABLE photos (name TEXT)");
        var before = System.IO.File.ReadAllBytes(File);
        var error = Assert.Throws<DatabaseException>(() => SqliteDatabase.Open(_folder));
        Assert.Contains("another program", error.Message, StringComparison.Ordinal);
        SqliteConnection.ClearAllPools();
        Assert.Equal(before, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public void A_newer_database_is_refused()
    {
        SqliteDatabase.Open(_folder);
        Execute(File, "PRAGMA user_version = 99");
        var error = Assert.Throws<DatabaseException>(() => SqliteDatabase.Open(_folder));
        Assert.Contains("newer RoomGrains", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_database_is_refused_and_left_as_it_is()
    {
        SqliteDatabase.Open(_folder);
        Execute(File, "PRAGMA wal_checkpoint(TRUNCATE)");
        SqliteConnection.ClearAllPools();
        var bytes = System.IO.File.ReadAllBytes(File);
        // All but the header page: the schema's pages are nonsense then.
        Array.Fill(bytes, (byte)0xA5, 100, bytes.Length - 100);
        System.IO.File.WriteAllBytes(File, bytes);

        var error = Assert.Throws<DatabaseException>(() => SqliteDatabase.Open(_folder));
        Assert.Contains(File, error.Message, StringComparison.Ordinal);
        Assert.Contains("damaged", error.Message, StringComparison.Ordinal);
        SqliteConnection.ClearAllPools();
        Assert.Equal(bytes, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public void A_locked_database_is_refused_by_name()
    {
        SqliteDatabase.Open(_folder);
        using var other = Connect(File);
        Execute(other, "BEGIN EXCLUSIVE");
        var error = Assert.Throws<DatabaseException>(() => SqliteDatabase.Open(_folder, busySeconds: 1));
        Assert.Contains(File, error.Message, StringComparison.Ordinal);
        Assert.Contains("locked", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_a_file_is_refused_by_name()
    {
        var file = Path.Combine(_folder, "file");
        System.IO.File.WriteAllText(file, "");
        var error = Assert.Throws<DatabaseException>(() => SqliteDatabase.Open(file));
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
    }

    private static SqliteConnection Connect(string file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file }.ToString());
        connection.Open();
        return connection;
    }

    private static void Execute(string file, string sql)
    {
        using var connection = Connect(file);
        Execute(connection, sql);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(string file, string sql)
    {
        using var connection = Connect(file);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
