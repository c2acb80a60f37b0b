using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;
using Orleans.TestingHost;
using RoomGrains.Grains.Storage;
using RoomGrains.Hosting;

namespace RoomGrains.Testing;

/// <summary>What a <see cref="GrainCluster"/> is made of.</summary>
public sealed class GrainClusterOptions
{
    /// <summary>How many silos.</summary>
    public int Silos { get; set; } = 1;

    /// <summary>
    /// Whether the grains' clock stands still until the test moves it (<see cref="GrainCluster.Clock"/>). Only the grains' clock: membership,
    /// call timeouts and everything else of Orleans go on in real time, or the cluster would stall.
    /// </summary>
    public bool OwnClock { get; set; }

    /// <summary>The folder of the database; null: one of its own, deleted at the end. Give one to start a second cluster on the state of a first.</summary>
    public string? DataFolder { get; set; }

    /// <summary>
    /// After how long the client gives up a call; null: Orleans' 30 s. A client outside the silos does not hear that a silo died, and waits so
    /// long for what it had asked there; a gateway, which is in a silo, does hear of it.
    /// </summary>
    public TimeSpan? ClientTimeout { get; set; }

    /// <summary>Called for the services of every silo before it starts: admission steps, options, replaced parts.</summary>
    public Action<IServiceCollection>? Services { get; set; }

    /// <summary>Called for every silo before it starts.</summary>
    public Action<ISiloBuilder>? Silo { get; set; }
}

/// <summary>
/// A RoomGrains cluster in this process: real silos, real SQLite storage in a file that they share, and a client that is no silo. Nothing
/// listens on a socket. Silos die when a test says so.
/// </summary>
public sealed class GrainCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly InProcessSiloHandle[] _silos;
    private readonly string? _ownFolder;

    private GrainCluster(InProcessTestCluster cluster, FakeTimeProvider? clock, string dataFolder, string? ownFolder)
    {
        (_cluster, Clock, DataFolder, _ownFolder) = (cluster, clock, dataFolder, ownFolder);
        _silos = [.. cluster.Silos];
    }

    /// <summary>The client's grain factory. It is outside the silos: what prefers to be placed locally is placed on any of them.</summary>
    public IClusterClient Client => _cluster.Client;

    /// <summary>The grains' clock, where the test owns it; else null.</summary>
    public FakeTimeProvider? Clock { get; }

    /// <summary>The folder of the database.</summary>
    public string DataFolder { get; }

    /// <summary>Starts a cluster; the client is connected when it returns.</summary>
    public static async Task<GrainCluster> Start(GrainClusterOptions options)
    {
        var ownFolder = options.DataFolder is null ? Directory.CreateTempSubdirectory("roomgrains-").FullName : null;
        var folder = options.DataFolder ?? ownFolder!;
        SqliteDatabase.Open(folder);
        var clock = options.OwnClock ? new FakeTimeProvider(TimeProvider.System.GetUtcNow()) : null;
        var builder = new InProcessTestClusterBuilder((short)options.Silos);
        builder.Options.ConfigureFileLogging = false;
        // One service id for all test clusters: state is found again by the next cluster on the same folder.
        builder.Options.ServiceId = "roomgrains-tests";
        builder.ConfigureSilo((_, silo) =>
        {
            silo.UseSqliteStorage(folder);
            silo.AddRoomGrains();
            silo.AddActivityPropagation();
            // A killed silo is dead after about two seconds. Missed probes on a busy machine must not kill a living one: hence not less.
            silo.Configure<ClusterMembershipOptions>(o =>
                (o.ProbeTimeout, o.NumMissedProbesLimit, o.NumVotesForDeathDeclaration, o.TableRefreshTimeout) =
                (TimeSpan.FromSeconds(1), 2, 1, TimeSpan.FromSeconds(2)));
            silo.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
            if (clock is not null)
                silo.Services.AddKeyedSingleton<TimeProvider>(TimeProviderNames.Grains, clock);
            options.Services?.Invoke(silo.Services);
            options.Silo?.Invoke(silo);
        });
        builder.ConfigureClient(client =>
        {
            client.AddActivityPropagation();
            if (options.ClientTimeout is { } timeout)
                client.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = timeout);
        });
        var cluster = builder.Build();
        try
        {
            await cluster.DeployAsync();
        }
        catch
        {
            await cluster.DisposeAsync();
            if (ownFolder is not null)
                Delete(ownFolder);
            throw;
        }
        return new GrainCluster(cluster, clock, folder, ownFolder);
    }

    /// <summary>Starts a cluster with so many silos and nothing else special.</summary>
    public static Task<GrainCluster> Start(int silos) => Start(new GrainClusterOptions { Silos = silos });

    /// <summary>The services of a silo: its grain factory places locally where a grain prefers that.</summary>
    public IServiceProvider Services(int silo) => _silos[silo].SiloHost.Services;

    /// <summary>Kills a silo abruptly: no goodbye, no deactivations. The others find out by themselves.</summary>
    public Task Kill(int silo) => _cluster.KillSiloAsync(_silos[silo]);

    /// <summary>Stops a silo in order, as SIGTERM does.</summary>
    public Task Stop(int silo) => _cluster.StopSiloAsync(_silos[silo]);

    /// <summary>Returns when all living silos agree on who lives.</summary>
    public Task UntilStable() => _cluster.WaitForLivenessToStabilizeAsync(didKill: true);

    /// <summary>Ends the activation of a grain, wherever it is: its next call finds a new one, without memory.</summary>
    public Task Deactivate(IAddressable grain) => _cluster.DeactivateAsync(grain);

    /// <summary>Index of the silo on which a grain is active; -1 when it is on none.</summary>
    public int SiloOf(IAddressable grain)
    {
        if (!_cluster.TryGetGrainContext(grain.GetGrainId(), out var context))
            return -1;
        return Array.FindIndex(_silos, s => s.SiloAddress.Equals(context.Address.SiloAddress));
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
        if (_ownFolder is not null)
            Delete(_ownFolder);
    }

    private static void Delete(string folder)
    {
        // Pooled connections keep the file open.
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }
}
