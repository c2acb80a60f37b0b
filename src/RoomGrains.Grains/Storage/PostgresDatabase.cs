using Npgsql;

namespace RoomGrains.Grains.Storage;

/// <summary>
/// The PostgreSQL database of a cluster: membership and durable state. A node checks it at start and never changes its tables by itself:
/// on a server that several nodes share, that is for the operator to do, once.
/// </summary>
public static class PostgresDatabase
{
    private static readonly string[] Tables = ["orleansquery", "orleansstorage", "orleansmembershipversiontable", "orleansmembershiptable"];

    private static readonly string[] Queries =
    [
        "WriteToStorageKey", "ReadFromStorageKey", "ClearStorageKey", "DeleteStorageKey",
        "InsertMembershipVersionKey", "InsertMembershipKey", "UpdateMembershipKey", "UpdateIAmAlivetimeKey", "MembershipReadRowKey",
        "MembershipReadAllKey", "GatewaysQueryKey", "DeleteMembershipTableEntriesKey", "CleanupDefunctSiloEntriesKey",
    ];

    /// <summary>Makes the tables and queries, or brings them up to date; idempotent, and safe when several processes do it at once.</summary>
    /// <exception cref="DatabaseException">The server can't be reached, or said no.</exception>
    public static async Task Apply(string connectionString, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            // IF NOT EXISTS does not keep two concurrent creators from colliding; the lock, which ends with the transaction, does.
            await Execute(connection, "SELECT pg_advisory_xact_lock(hashtext('roomgrains schema'))", cancellationToken);
            foreach (var script in (string[])["main", "storage", "clustering"])
                await Execute(connection, SqlScripts.Read($"postgresql/{script}.sql"), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw new DatabaseException($"{Describe(connectionString)} could not be prepared: {e.Message}", e);
        }
    }

    /// <summary>Checks that all tables and queries are there.</summary>
    /// <exception cref="DatabaseException">Something is missing (the message lists all of it), or the server can't be reached.</exception>
    public static async Task Check(string connectionString, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken);
            var tables = await Read(connection, "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)", cancellationToken);
            var missing = Tables.Where(t => !tables.Contains(t)).Select(t => $"table {t}").ToList();
            var queries = tables.Contains("orleansquery") ? await Read(connection, "SELECT QueryKey FROM OrleansQuery", cancellationToken) : [];
            missing.AddRange(Queries.Where(q => !queries.Contains(q)).Select(q => $"query {q}"));
            if (missing.Count > 0)
                throw new DatabaseException($"{Describe(connectionString)} lacks {string.Join(", ", missing)}. Apply main.sql, storage.sql and clustering.sql of cluster-config/sql/postgresql, in this order, with psql.");
        }
        catch (NpgsqlException e)
        {
            throw new DatabaseException($"{Describe(connectionString)} can't be used: {e.Message}", e);
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

    private static string Describe(string connectionString)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        return $"The PostgreSQL database '{parts.Database}' on {parts.Host}:{parts.Port} (user {parts.Username})";
    }
}
