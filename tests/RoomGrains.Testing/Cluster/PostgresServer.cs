using System.Globalization;
using System.Net;
using Npgsql;
using RoomGrains.Grains.Storage;
using Xunit;

namespace RoomGrains.Testing;

/// <summary>
/// A PostgreSQL server on a free port, with its data in a folder of its own, from the programs that Debian's package <c>postgresql</c> brings.
/// It can be stopped and started again on the same port and data.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // The server refuses to run as root: then as the user that its package made.
    private static readonly string[] User = Environment.UserName == "root" ? ["runuser", "-u", "postgres", "--"] : [];
    private static readonly string? Programs = FindPrograms();

    private readonly string _folder = Directory.CreateTempSubdirectory("roomgrains-pg-").FullName;
    private RunningProgram? _server;

    /// <summary>Why there is no server; null when there is one.</summary>
    public string? Missing { get; private set; }

    /// <summary>The address that it listens on. One that is not loopback trusts who is in the same network.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port that it listens on.</summary>
    public int Port { get; } = FreePort.Next();

    /// <summary>Whether it runs.</summary>
    public bool IsRunning => _server is { HasExited: false };

    /// <summary>Where a database is.</summary>
    public string ConnectionString(string database) => $"Host={Address};Port={Port};Username=roomgrains;Password=secret;Database={database}";

    /// <summary>Makes an empty database; skips the test where there is no server.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> NewDatabase()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        var name = $"test_{ConnectionId.New()}";
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync().ConfigureAwait(false);
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
        return ConnectionString(name);
    }

    /// <summary>Makes a database with RoomGrains' tables; skips the test where there is no server.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> NewClusterDatabase()
    {
        var database = await NewDatabase().ConfigureAwait(false);
        await PostgresDatabase.Apply(database, CancellationToken.None).ConfigureAwait(false);
        return database;
    }

    /// <summary>Makes the data folder and starts the server, where PostgreSQL is installed.</summary>
    public async ValueTask InitializeAsync()
    {
        if (Programs is null)
        {
            Missing = "PostgreSQL is not installed (apt install postgresql): its tests are skipped.";
            return;
        }
        if (User.Length > 0)
            await RunAsync("chown", "postgres", _folder).ConfigureAwait(false);
        await RunAsync([.. User, Path.Combine(Programs, "initdb"), "-D", Data, "-U", "roomgrains", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]).ConfigureAwait(false);
        if (!IPAddress.IsLoopback(Address))
            await File.AppendAllTextAsync(Path.Combine(Data, "pg_hba.conf"), "host all all samenet trust\n").ConfigureAwait(false);
        await StartAsync().ConfigureAwait(false);
    }

    /// <summary>Starts the server on its port and data, and returns when it answers.</summary>
    public async Task StartAsync()
    {
        // Durability is not what is tested here; a killed server must still find all it wrote, and the kernel keeps that.
        _server = Start(
            [.. User, Path.Combine(Programs!, "postgres"), "-D", Data, "-p", $"{Port}", "-c", $"listen_addresses={Address}", "-c", $"unix_socket_directories={_folder}",
            "-c", "fsync=off", "-c", "max_connections=400"]);
        var limit = TimeProvider.System.GetTimestamp();
        while (!await IsReadyAsync().ConfigureAwait(false))
        {
            if (_server.HasExited || TimeProvider.System.GetElapsedTime(limit) > Limit)
                throw new InvalidOperationException($"PostgreSQL did not start. It wrote:\n{_server.Output}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the server and returns when it is gone; its data stay for <see cref="StartAsync"/>.</summary>
    /// <param name="kill">Whether all of its processes are killed, as by a power failure; else it closes its connections and ends in order.</param>
    public async Task StopAsync(bool kill = false)
    {
        if (_server is null)
            return;
        if (kill)
            await _server.DisposeAsync().ConfigureAwait(false);
        else
        {
            // Not to runuser, in whose hands the server may be.
            var postmaster = (await File.ReadAllLinesAsync(Path.Combine(Data, "postmaster.pid")).ConfigureAwait(false))[0];
            await RunAsync("kill", "-INT", postmaster).ConfigureAwait(false);
            await _server.ExitAsync(Limit).ConfigureAwait(false);
            await _server.DisposeAsync().ConfigureAwait(false);
        }
        _server = null;
        NpgsqlConnection.ClearAllPools();
    }

    /// <summary>Ends the server and deletes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(kill: true).ConfigureAwait(false);
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder, "data");

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
            await connection.OpenAsync().ConfigureAwait(false);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static string? FindPrograms() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderBy(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var version) ? version : 0)
            .Select(d => Path.Combine(d, "bin")).LastOrDefault(d => File.Exists(Path.Combine(d, "initdb")))
        : null;

    // In a folder that the other user may enter.
    private static RunningProgram Start(string[] command) => RunningProgram.Start(command[0], command[1..], workingFolder: "/");

    private static async Task RunAsync(params string[] command)
    {
        await using var program = Start(command);
        if (await program.ExitAsync(Limit).ConfigureAwait(false) is not 0 and var code)
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {code}. It wrote:\n{program.Output}");
    }
}
