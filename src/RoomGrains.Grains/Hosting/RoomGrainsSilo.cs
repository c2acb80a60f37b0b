using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Storage;
using RoomGrains.Grains.Applications;
using RoomGrains.Grains.Identities;
using RoomGrains.Grains.Jobs;
using RoomGrains.Grains.Nodes;
using RoomGrains.Grains.Pending;
using RoomGrains.Grains.Pending.Steps;
using RoomGrains.Grains.Placement;
using RoomGrains.Grains.Storage;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Grains.Webhooks;

namespace RoomGrains.Hosting;

/// <summary>Configures Orleans silos for RoomGrains: the one place where that happens.</summary>
public static class RoomGrainsSilo
{
    /// <summary>
    /// Makes this process a silo of the cluster that the options describe: one node on loopback with its state in a SQLite file, or one
    /// of many with membership and state in PostgreSQL.
    /// </summary>
    /// <param name="silo">The silo to configure.</param>
    /// <param name="options">The cluster's names, ports and database.</param>
    /// <param name="nodeName">The node's name, unique in its cluster: it is the silo's name in membership, too.</param>
    /// <param name="dataFolder">The folder of the SQLite file; made when it is not there. Unused with PostgreSQL.</param>
    public static ISiloBuilder UseRoomGrains(this ISiloBuilder silo, ClusterOptions options, string nodeName, string dataFolder)
    {
        silo.Configure<SiloOptions>(o => o.SiloName = nodeName);
        if (ClusterTls.Load(options) is { } tls)
            silo.Configure<SiloConnectionOptions>(o =>
            {
                o.ConfigureSiloInboundConnection(tls.UseServer);
                o.ConfigureSiloOutboundConnection(tls.UseClient);
                o.ConfigureGatewayInboundConnection(tls.UseServer);
            });
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(new DatabaseStartup(options, dataFolder));
        if (options.IsLocal)
        {
            // Loopback for silo and client gateway alike: neither port has a password.
            silo.UseLocalhostClustering(options.SiloPort, options.ClientGatewayPort, primarySiloEndpoint: null, options.ServiceId, options.ClusterId);
            silo.UseSqliteStorage(dataFolder);
            // SQLite has no reminders in Orleans. What a node alone forgets with its process, its grains register again when they come up.
            silo.UseInMemoryReminderService();
        }
        else
        {
            silo.Configure<Orleans.Configuration.ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (options.ClusterId, options.ServiceId));
            silo.ConfigureEndpoints(options);
            silo.Configure<ClusterMembershipOptions>(membership => FailureDetection.Configure(membership, options));
            silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = ("Npgsql", options.ConnectionString));
            silo.UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = ("Npgsql", options.ConnectionString));
            silo.AddStorage("Npgsql", options.ConnectionString);
        }
        silo.Services.TryAddSingleton(new TicketSigner(options.Secret));
        return silo.AddRoomGrains();
    }

    /// <summary>Keeps grain state in the SQLite file of a data folder, which <see cref="SqliteDatabase.Open"/> must have opened before the silo's storage starts.</summary>
    public static ISiloBuilder UseSqliteStorage(this ISiloBuilder silo, string dataFolder) =>
        // The provider knows SQLite by the invariant of another package, and loads Microsoft.Data.Sqlite for it.
        silo.AddStorage("System.Data.SQLite", SqliteDatabase.ConnectionString(dataFolder));

    /// <summary>
    /// Adds what the grains need, on whatever clustering and default grain storage the silo has: for tests, and for hosts with their own. A host
    /// that collects traces adds Orleans' activity propagation.
    /// </summary>
    public static ISiloBuilder AddRoomGrains(this ISiloBuilder silo)
    {
        // Orleans' million has 18 MiB of buckets before there is anything in them. And every connection's grain comes into this cache, is never asked for
        // there again, and stays until a third of the size has come after it: in a storm that is seconds, and a walk for each collection, with 50 000.
        // What is worth a place are the rooms on other silos; one that has dropped out costs one more question.
        silo.Configure<GrainDirectoryOptions>(o => o.CacheSize = 5000);
        silo.AddIncomingGrainCallFilter<RefusalFilter>();
        var services = silo.Services;
        services.AddMetrics();
        services.AddOptions<RoomOptions>().ValidateOnStart();
        services.AddOptions<AdmissionOptions>().ValidateOnStart();
        services.AddOptions<JobOptions>().ValidateOnStart();
        services.AddOptions<WebhookOptions>().ValidateOnStart();
        services.AddOptions<SharedObjectOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RoomOptions>, RoomOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AdmissionOptions>, AdmissionOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<JobOptions>, JobOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<WebhookOptions>, WebhookOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SharedObjectOptions>, SharedObjectOptionsValidator>());
        services.TryAddSingleton<OrleansGrainStorageSerializer>();
        services.TryAddSingleton<GrainMetrics>();
        services.TryAddSingleton<RoomApplications>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<WebhookClient>();
        services.AddOptions<IdentityOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<IdentityOptions>, IdentityOptionsValidator>());
        services.TryAddSingleton<KeySet>();
        services.TryAddSingleton<TokenReader>();
        services.TryAddSingleton<Credentials>();
        services.TryAddSingleton<AdobeLogin>();
        services.TryAddSingleton<AdmissionPolicy>();
        services.TryAddSingleton<DecidedConnections>();
        services.AddGrainService<DecidedService>();
        services.TryAddSingleton<DecidedElsewhere>();
        services.TryAddSingleton<PendingServices>();
        services.TryAddSingleton<SiloLife>();
        services.TryAddSingleton<IMediaWorker, NoMediaWorker>();
        services.TryAddSingleton(provider => new LoadTable(provider.GetRequiredKeyedService<TimeProvider>(TimeProviderNames.Grains)));
        services.AddPlacementDirector<LoadPlacement, LoadPlacementDirector>(ServiceLifetime.Transient);
        services.AddOptions<ClusterOptions>();
        services.TryAddSingleton(provider => new TicketSigner(provider.GetRequiredService<IOptions<ClusterOptions>>().Value.Secret));
        return silo;
    }

    private static void ConfigureEndpoints(this ISiloBuilder silo, ClusterOptions options)
    {
        if (!IPAddress.TryParse(options.AdvertisedAddress, out var address))
            silo.ConfigureEndpoints(options.SiloPort, options.ClientGatewayPort, listenOnAnyHostAddress: true);
        else
            // Neither port has a password: where other machines could not reach the advertised address anyway, they shall not reach the others.
            // Any other address may be one that only a router or a container's host knows, so that it cannot be listened on.
            silo.ConfigureEndpoints(address, options.SiloPort, options.ClientGatewayPort, listenOnAnyHostAddress: !IPAddress.IsLoopback(address));
    }

    private static ISiloBuilder AddStorage(this ISiloBuilder silo, string invariant, string connectionString) =>
        silo.AddAdoNetStorage(invariant, connectionString).ConfigureServices(GuardedStorage.Guard);

    private static ISiloBuilder AddAdoNetStorage(this ISiloBuilder silo, string invariant, string connectionString) =>
        silo.AddAdoNetGrainStorageAsDefault(builder => builder.Configure<OrleansGrainStorageSerializer>((o, serializer) =>
        {
            (o.Invariant, o.ConnectionString, o.DeleteStateOnClear) = (invariant, connectionString, true);
            // State is a contract as calls are: by ids, so that fields can be added. (The default, JSON by reflection, goes by names.)
            o.GrainStorageSerializer = serializer;
        }));
}
