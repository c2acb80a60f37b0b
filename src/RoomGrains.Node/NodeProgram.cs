using System.CommandLine;
using System.CommandLine.Invocation;
using RoomGrains.Gateway;
using RoomGrains.Grains.Storage;
using RoomGrains.Node.Hosting;
using RoomGrains.Node.Settings;

namespace RoomGrains.Node;

/// <summary>One run of <c>roomgrains</c>, from its arguments to its exit code.</summary>
internal static partial class NodeProgram
{
    internal const int Failed = 1;
    private const int WrongSettings = 2;

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var catalog = new SettingCatalog();
        var commandLine = new CommandLine(catalog);
        var parsed = commandLine.Root.Parse(args);
        if (parsed.Action is ParseErrorAction)
            return Fail(error, WrongSettings, [.. parsed.Errors.Select(problem => problem.Message), "Try: roomgrains --help"]);
        if (parsed.Action is not null)
            return await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error });

        var environment = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "", StringComparer.Ordinal);
        var settings = NodeSettings.Read(
            catalog, commandLine.ConfigFile(parsed, environment.GetValueOrDefault), environment, commandLine.Given(parsed), out var errors);
        if (errors.Count > 0)
            return Fail(error, WrongSettings, errors);
        string[] taken = [.. ListenedPort.Taken(settings)];
        if (taken.Length > 0)
            return Fail(error, Failed, taken);
        return await RunAsync(settings, catalog, output, error);
    }

    private static async Task<int> RunAsync(NodeSettings settings, SettingCatalog catalog, TextWriter output, TextWriter error)
    {
        IHost? host = null;
        try
        {
            // The silo would find out as well, but say it with four stack traces.
            await CheckDatabaseAsync(settings);
            host = NodeHost.Build(settings, catalog, AdminToken.Load(settings.Node.AdminToken, settings.Node.EffectiveDataFolder));
            await host.StartAsync();
        }
        catch (Exception e) when (Reason(e) is { } reason)
        {
            // A silo that has joined leaves its cluster, instead of being missed by it.
            await StopAsync(host);
            return Fail(error, Failed, [reason]);
        }
        if (settings.Node.LogFormat is LogFormat.Text)
            await output.WriteAsync(StartupText.Of(settings));
        else
            Log.Ready(host.Services.GetRequiredService<ILogger<NodeSettings>>(), settings.Node.EffectiveName, settings.Gateway.RtmpPort, settings.Node.HttpPort);
        using (new ShutdownWatchdog(host.Services.GetRequiredService<IHostApplicationLifetime>(), settings.Node.ShutdownDeadline, TimeProvider.System, error))
        using (new SecondSignal(host.Services.GetRequiredService<GatewayService>()))
        {
            await host.WaitForShutdownAsync();
            await ((IAsyncDisposable)host).DisposeAsync();
        }
        // Other than 0 where a part of the node has asked for the end because it could not go on.
        return Environment.ExitCode;
    }

    private static async Task StopAsync(IHost? host)
    {
        if (host is null)
            return;
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await host.StopAsync(patience.Token);
        }
        catch (Exception)
        {
            // Why it did not start is told; what then does not end in order would only hide that.
        }
    }

    private static async Task CheckDatabaseAsync(NodeSettings settings)
    {
        if (settings.Cluster.IsLocal)
            SqliteDatabase.Open(settings.Node.EffectiveDataFolder);
        else
            await PostgresDatabase.Check(settings.Cluster.ConnectionString, CancellationToken.None);
    }

    /// <summary>The words for a failure that is no fault of this program: the database, a file, a port. Null: show all of it.</summary>
    private static string? Reason(Exception e) => e switch
    {
        DatabaseException or StartException => e.Message,
        Orleans.Runtime.MembershipService.OrleansClusterConnectivityCheckFailedException =>
            $"This node reaches the database, and not the other nodes of the cluster: check addresses (Cluster:AdvertisedAddress), firewalls (Cluster:SiloPort) and certificates. {e.Message.ReplaceLineEndings(" ")}",
        IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException => e.Message,
        AggregateException several => several.InnerExceptions.Select(Reason).FirstOrDefault(reason => reason is not null),
        _ => e.InnerException is null ? null : Reason(e.InnerException),
    };

    private static int Fail(TextWriter error, int code, IEnumerable<string> problems)
    {
        foreach (var problem in problems)
            error.WriteLine($"roomgrains: {problem}");
        return code;
    }

    private static partial class Log
    {
        [LoggerMessage(4001, LogLevel.Information, "Ready. Node {Name} takes RTMP clients on port {RtmpPort}; health and metrics on port {HttpPort}")]
        public static partial void Ready(ILogger logger, string name, int rtmpPort, int httpPort);
    }
}
