using System.Diagnostics;
using Npgsql;
using RoomGrains.Grains.Tests.Hosting;

namespace RoomGrains.Grains.Tests.Storage;

/// <summary>A PostgreSQL server in a folder of its own, from the programs that Debian's package <c>postgresql</c> brings. Absent, its tests are skipped and say so.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly string _folder = System.IO.Directory.CreateTempSubdirectory("roomgrains-pg-").FullName;
    private readonly int _port = Silos.FreePorts(1)[0];
    private Process? _server;

    /// <summary>Why there is no server; null when there is one.</summary>
    public string? Missing { get; private set; }

    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={_port};Username=roomgrains;Password=secret;Database={database}";

    /// <summary>Makes an empty database; skips the test where there is no server.</summary>
    public async Task<string> NewDatabase()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        var name = $"test_{ConnectionId.New()}";
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return ConnectionString(name);
    }

    public async ValueTask InitializeAsync()
    {
        var programs = System.IO.Directory.Exists("/usr/lib/postgresql")
            ? System.IO.Directory.GetDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).LastOrDefault(d => File.Exists(Path.Combine(d, "initdb")))
            : null;
        if (programs is null)
        {
            Missing = "PostgreSQL is not installed (apt install postgresql): its tests are skipped.";
            return;
        }
        // The server refuses to run as root: then as the user that its package made.
        string[] user = Environment.UserName == "root" ? ["runuser", "-u", "postgres", "--"] : [];
        if (user.Length > 0)
            await Run("chown", "postgres", _folder);
        var data = Path.Combine(_folder, "data");
        await Run([.. user, Path.Combine(programs, "initdb"), "-D", data, "-U", "roomgrains", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]);
        _server = Start([.. user, Path.Combine(programs, "postgres"), "-D", data, "-p", $"{_port}", "-c", "listen_addresses=127.0.0.1", "-c", $"unix_socket_directories={_folder}", "-c", "fsync=off"]);
        await Until.True(IsReady, "PostgreSQL is ready");
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            NpgsqlConnection.ClearAllPools();
            _server.Kill(entireProcessTree: true);
            await _server.WaitForExitAsync(CancellationToken.None);
            _server.Dispose();
        }
        System.IO.Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> IsReady()
    {
        Assert.False(_server!.HasExited, "PostgreSQL ended at its start");
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static Process Start(params string[] command)
    {
        var info = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        var process = Process.Start(info)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task Run(params string[] command)
    {
        using var process = Start(command);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', command)} ended with {process.ExitCode}");
    }
}
