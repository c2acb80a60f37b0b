using Npgsql;

namespace RoomGrains.Grains.Storage;

/// <summary>
/// The PostgreSQL database of a cluster: membership, durable state and reminders. A node checks it at start and never changes its tables by
/// itself: on a server that several nodes share, that is for the operator to do, once (<c>roomctl database init</c>).
/// </summary>
public static class PostgresDatabase
{
    /// <summary>The version of the tables that this program needs, and that <see cref="Apply"/> brings: version.sql says the same.</summary>
    public const int SchemaVersion = 1;

    // In the order in which they are applied.
    internal static readonly string[] Scripts = ["main", "storage", "clustering", "reminders", "version"];

    private const string VersionTable = "roomgrainsschema";

    private static readonly string[] Tables = ["orleansquery", "orleansstorage", "orleansmembershipversiontable", "orleansmembershiptable", "orleansreminderstable", VersionTable];

    private static readonly string[] Queries =
    [
        "WriteToStorageKey", "ReadFromStorageKey", "ClearStorageKey", "DeleteStorageKey",
        "InsertMembershipVersionKey", "InsertMembershipKey", "UpdateMembershipKey", "UpdateIAmAlivetimeKey", "MembershipReadRowKey",
        "MembershipReadAllKey", "GatewaysQueryKey", "DeleteMembershipTableEntriesKey", "CleanupDefunctSiloEntriesKey",
        "UpsertReminderRowKey", "ReadReminderRowsKey", "ReadReminderRowKey", "ReadRangeRows1Key", "ReadRangeRows2Key", "DeleteReminderRowKey", "DeleteReminderRowsKey",
    ];

    /// <summary>Makes the tables and queries, or brings them up to date; idempotent, and safe when several processes do it at once.</summary>
    /// <exception cref="DatabaseException">The server can't be reached, or said no, or its tables are a newer RoomGrains'.</exception>
    public static async Task Apply(string connectionString, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await Open(connectionString, cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            // IF NOT EXISTS does not keep two concurrent creators from colliding; the lock, which ends with the transaction, does.
            await Execute(connection, "SELECT pg_advisory_xact_lock(hashtext('roomgrains schema'))", cancellationToken);
            // Our statements would replace those that newer nodes work with.
            if (await ReadVersion(connection, cancellationToken) is { Version: > SchemaVersion } newer)
                throw new DatabaseException($"{Describe(connectionString)} has tables of version {newer.Version}; this RoomGrains knows version {SchemaVersion} and has left them as they are. Use the newer one's roomctl.");
            foreach (var script in Scripts)
                await Execute(connection, SqlScripts.Read($"postgresql/{script}.sql"), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw new DatabaseException($"{Describe(connectionString)} could not be prepared: {e.Message}", e);
        }
    }

    /// <summary>Checks that all tables and queries are there, in a version that this program can work with.</summary>
    /// <exception cref="DatabaseException">Something is missing (the message lists all of it) or old, or the server can't be reached.</exception>
    public static async Task Check(string connectionString, CancellationToken cancellationToken)
    {
        const string Cure = "Run 'roomctl database init' once for the cluster, or apply the files of cluster-config/sql/postgresql as its main.sql says.";
        try
        {
            await using var connection = await Open(connectionString, cancellationToken);
            var tables = await Read(connection, "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)", cancellationToken);
            var missing = Tables.Where(t => !tables.Contains(t)).Select(t => $"table {t}").ToList();
            var queries = tables.Contains("orleansquery") ? await Read(connection, "SELECT QueryKey FROM OrleansQuery", cancellationToken) : [];
            missing.AddRange(Queries.Where(q => !queries.Contains(q)).Select(q => $"query {q}"));
            if (missing.Count > 0)
                throw new DatabaseException($"{Describe(connectionString)} lacks {string.Join(", ", missing)}. {Cure}");
            var schema = await ReadVersion(connection, cancellationToken);
            if (schema is not { Version: >= SchemaVersion })
                throw new DatabaseException($"{Describe(connectionString)} has old tables: version {schema?.Version ?? 0}, and this RoomGrains needs version {SchemaVersion}. {Cure}");
            if (schema.Value.Serves > SchemaVersion)
                throw new DatabaseException($"{Describe(connectionString)} has the tables of a newer RoomGrains: version {schema.Value.Version}, which serves nodes of version {schema.Value.Serves} and later, and this one is of version {SchemaVersion}. Start the newer one.");
        }
        catch (NpgsqlException e)
        {
            throw new DatabaseException($"{Describe(connectionString)} can't be used: {e.Message}", e);
        }
    }

    /// <summary>The database in words, without its password.</summary>
    public static string Describe(string connectionString)
    {
        var parts = Parse(connectionString);
        return $"The PostgreSQL database '{parts.Database}' on {parts.Host}:{parts.Port} (user {parts.Username})";
    }

    private static async Task<NpgsqlConnection> Open(string connectionString, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(Parse(connectionString).ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    // What is wrong in it may be next to its password: only the keyword is told.
    private static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (ArgumentException e)
        {
            throw new DatabaseException($"Cluster:ConnectionString is not a PostgreSQL connection string{(e.ParamName is { Length: > 0 } name && name != "value" ? $" ('{name}')" : "")}. An example: Host=db.example;Username=roomgrains;Password=…;Database=roomgrains");
        }
    }

    private static async Task Execute(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<HashSet<string>> Read(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(reader.GetString(0));
        return rows;
    }

    private static async Task<(int Version, int Serves)?> ReadVersion(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using (var there = new NpgsqlCommand($"SELECT to_regclass('{VersionTable}') IS NOT NULL", connection))
            if (await there.ExecuteScalarAsync(cancellationToken) is not true)
                return null;
        await using var command = new NpgsqlCommand($"SELECT Version, Serves FROM {VersionTable}", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetInt32(0), reader.GetInt32(1)) : null;
    }
}
