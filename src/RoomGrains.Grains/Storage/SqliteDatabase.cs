using Microsoft.Data.Sqlite;

namespace RoomGrains.Grains.Storage;

/// <summary>
/// The SQLite file that holds the durable state of a one-node cluster: settings of applications and rooms. It is opened, or created, when
/// the node starts. A file that is damaged, locked or somebody else's is left exactly as it is.
/// </summary>
public static class SqliteDatabase
{
    /// <summary>The file's name below the data folder.</summary>
    public const string FileName = "roomgrains.db";

    /// <summary>Marks the file as ours ("ROOM"): SQLite keeps this number in the file's header, for the use of applications.</summary>
    private const int ApplicationId = 0x524F4F4D;

    /// <summary>The version of the tables. A file with a higher one was written by a newer RoomGrains.</summary>
    private const int SchemaVersion = 1;

    /// <summary>How long a statement waits for another connection's write. Writes here take milliseconds: settings only, never joins.</summary>
    private const int BusySeconds = 5;

    /// <summary>The file in a data folder.</summary>
    public static string PathIn(string dataFolder) => Path.GetFullPath(Path.Combine(dataFolder, FileName));

    /// <summary>The connection string of the file in a data folder.</summary>
    public static string ConnectionString(string dataFolder) => Connection(PathIn(dataFolder), BusySeconds);

    /// <summary>Opens or creates the file and brings its tables up to date; idempotent.</summary>
    /// <exception cref="DatabaseException">The file can't be used: the message names it and says why.</exception>
    public static void Open(string dataFolder, int busySeconds = BusySeconds)
    {
        var path = PathIn(dataFolder);
        try
        {
            System.IO.Directory.CreateDirectory(dataFolder);
            RefuseOtherFormats(path);
            using var connection = new SqliteConnection(Connection(path, busySeconds));
            connection.Open();
            RefuseForeign(path, connection);
            Execute(connection, "PRAGMA journal_mode = WAL");
            Execute(connection, "BEGIN IMMEDIATE");
            Execute(connection, SqlScripts.Read("sqlite/storage.sql"));
            Execute(connection, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {SchemaVersion}; COMMIT");
        }
        catch (SqliteException e)
        {
            throw new DatabaseException(Explain(path, e), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatabaseException($"The database {path} can't be opened: {e.Message} Check the folder (--data) and its permissions.", e);
        }
    }

    private static string Connection(string path, int busySeconds) =>
        new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = busySeconds }.ToString();

    private static void RefuseOtherFormats(string path)
    {
        if (!File.Exists(path))
            return;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> header = stackalloc byte[16];
        var read = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (read > 0 && !header[..read].SequenceEqual("SQLite format 3\0"u8[..read]))
            throw new DatabaseException($"{path} is not an SQLite database. It has been left as it is: move it away, or give another data folder (--data).");
    }

    private static void RefuseForeign(string path, SqliteConnection connection)
    {
        var damage = (string)Query(connection, "PRAGMA quick_check(1)")!;
        if (damage != "ok")
            throw new DatabaseException(Damaged(path, damage));
        var application = (long)Query(connection, "PRAGMA application_id")!;
        var tables = (long)Query(connection, "SELECT count(*) FROM sqlite_schema")!;
        if (application != ApplicationId && (application != 0 || tables != 0))
            throw new DatabaseException($"{path} is the database of another program. It has been left as it is: move it away, or give another data folder (--data).");
        var version = (long)Query(connection, "PRAGMA user_version")!;
        if (version > SchemaVersion)
            throw new DatabaseException($"{path} was written by a newer RoomGrains (tables of version {version}, this one knows {SchemaVersion}). It has been left as it is: start that version, or give another data folder (--data).");
    }

    private static string Explain(string path, SqliteException e) => e.SqliteErrorCode switch
    {
        5 or 6 => $"The database {path} is locked by another process. Is another node running on this data folder, or is the file open in a database tool?",
        8 => $"The database {path} is read-only. Give the user of this process the right to write it and its folder.",
        11 or 26 => Damaged(path, e.Message),
        13 => $"The disk of the database {path} is full.",
        _ => $"The database {path} can't be opened: {e.Message}",
    };

    private static string Damaged(string path, string detail) =>
        $"The database {path} is damaged ({detail}). It has been left as it is: restore a backup, or move it away to start with an empty one (settings of rooms and applications are then lost).";

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Query(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
