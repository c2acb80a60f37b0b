using System.Net;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Orleans.Dashboard;
using RoomGrains.Gateway;
using RoomGrains.Hosting;
using RoomGrains.Node.Api;
using RoomGrains.Node.Files;
using RoomGrains.Node.Isolation;
using RoomGrains.Node.Settings;
using RoomGrains.Workers;

namespace RoomGrains.Node.Hosting;

/// <summary>Puts a node together from its parts. Wiring only: nothing is decided here.</summary>
internal static class NodeHost
{
    private const string DashboardPath = "/dashboard";
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static bool ExportsTraces => Environment.GetEnvironmentVariable(OtlpEndpoint) is { Length: > 0 };

    /// <summary>
    /// The parts in the order in which they start; they stop in the reverse order. HTTP comes first, so that health is answered from the
    /// first moment to the last; then the silo; then the reports to the cluster, which tell of a drain; then the gateway, whose clients need
    /// all of that.
    /// </summary>
    public static IHost Build(NodeSettings settings, SettingCatalog catalog, AdminToken token) => new HostBuilder()
        .ConfigureHostConfiguration(configuration => configuration.AddInMemoryCollection(OpenTelemetryVariables()))
        .ConfigureLogging(logging => ConfigureLogging(logging, settings.Node))
        .ConfigureServices(services =>
        {
            services.Configure<HostOptions>(options => options.ShutdownTimeout = settings.Node.ShutdownDeadline * 0.8);
            services.AddSingleton(TimeProvider.System);
            services.AddSingleton(settings);
            services.AddSingleton(token);
            settings.AddTo(services, catalog);
            AddTelemetry(services, settings.Node.EffectiveName);
        })
        .ConfigureWebHost(web => ConfigureHttp(web, settings.Node))
        .UseOrleans(silo =>
        {
            silo.UseRoomGrains(settings.Cluster, settings.Node.EffectiveName, settings.Node.EffectiveDataFolder).AddDashboard();
            // Some objects for each call between grains, whether or not anybody reads traces.
            if (ExportsTraces)
                silo.AddActivityPropagation();
        })
        .ConfigureServices(services =>
        {
            services.AddSingleton<Readiness>();
            services.AddSingleton(provider => new MediaFolder(Path.GetFullPath(provider.GetRequiredService<IOptions<WorkerOptions>>().Value.MediaFolder)));
            services.AddSingleton<RecordingLocator>();
            services.AddSingleton<FileEndpoints>();
            services.AddSingleton<NodeFacts>();
            if (!settings.Cluster.IsLocal)
                services.AddHostedService<NameGuard>();
            services.AddHostedService<NodeReporter>();
            services.AddSingleton(provider => new IsolationWatch(settings.Node.EffectiveName, settings.Node.IsolationTime, provider.GetRequiredService<TimeProvider>()));
            services.AddHostedService<IsolationGuard>();
            // The rest of the shutdown is the silo's.
            services.AddSingleton(new DrainTimes(settings.Node.ShutdownDeadline * 0.5));
            services.AddSingleton<IFatalErrorHandler, FatalEnd>();
            // Before the gateway, and so gone after it: jobs need it to the end.
            services.PostConfigure<WorkerOptions>(workers => workers.MediaFolder = workers.MediaFolder.Length > 0 ? workers.MediaFolder : Path.Combine(settings.Node.EffectiveDataFolder, "media"));
            services.AddRoomGrainsWorker(_ => new WorkerHome(settings.Node.EffectiveName, () => NodeAddresses.ForOwn(settings.Gateway)));
            services.AddHostedService<JobDrain>();
            services.AddRoomGrainsGateway(provider => Identify(settings, provider.GetRequiredService<ILocalSiloDetails>().SiloAddress));
        })
        .UseConsoleLifetime(console => console.SuppressStatusMessages = true)
        .UseSystemd()
        .Build();

    private static NodeIdentity Identify(NodeSettings settings, SiloAddress silo) =>
        new(settings.Node.EffectiveName, silo.ToParsableString(), NodeAddresses.ForNodes(settings.Gateway, silo.Endpoint.Address));

    private static void ConfigureHttp(IWebHostBuilder web, NodeOptions node)
    {
        ConfigurePorts(web, node);
        Plugins.Configure(web, node.Plugins);
    }

    private static void ConfigurePorts(IWebHostBuilder web, NodeOptions node) => web
        .UseKestrelCore()
        .ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Parse(node.HttpAddress), node.HttpPort);
            kestrel.Listen(IPAddress.Parse(node.AdminAddress), node.AdminPort);
        })
        .ConfigureServices(services =>
        {
            services.AddRouting();
            ApiEndpoints.AddServices(services);
            services.AddHealthChecks().AddCheck<Readiness>("ready");
        })
        .Configure(app =>
        {
            // By the port that the request came in on: a Host header is the client's own word.
            app.MapWhen(context => context.Connection.LocalPort == node.AdminPort, admin =>
            {
                admin.UseMiddleware<AdminGuard>();
                ApiEndpoints.UseProblems(admin);
                UseDashboard(admin);
                admin.UseRouting();
                admin.UseEndpoints(endpoints =>
                {
                    endpoints.MapGet("/", () => Results.Redirect($"{DashboardPath}/"));
                    ApiEndpoints.Map(endpoints);
                });
            });
            app.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics");
            app.UseRouting();
            app.UseEndpoints(endpoints =>
            {
                endpoints.MapHealthChecks("/health/live", new() { Predicate = _ => false });
                endpoints.MapHealthChecks("/health/ready", new() { ResponseWriter = WriteHealth });
                FileEndpoints.Map(endpoints);
            });
        });

    /// <summary>
    /// Maps the dashboard when somebody opens it. It takes its pages into memory as it is mapped, 20 MB with their source maps, which it compresses with
    /// 25 MB more: a node that nobody looks at is spared that.
    /// </summary>
    private static void UseDashboard(IApplicationBuilder admin)
    {
        var dashboard = new Lazy<RequestDelegate>(() =>
        {
            var branch = admin.New();
            branch.UseRouting();
            branch.UseEndpoints(endpoints => endpoints.MapOrleansDashboard(DashboardPath));
            return branch.Build();
        });
        admin.Use((context, next) => context.Request.Path.StartsWithSegments(DashboardPath, StringComparison.OrdinalIgnoreCase) ? dashboard.Value(context) : next(context));
    }

    private static Task WriteHealth(HttpContext context, HealthReport report) =>
        context.Response.WriteAsync(report.Entries["ready"].Description + "\n", context.RequestAborted);

    private static void AddTelemetry(IServiceCollection services, string nodeName)
    {
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("roomgrains", serviceVersion: NodeFacts.Version, serviceInstanceId: nodeName))
            .WithMetrics(metrics => metrics.AddMeter("RoomGrains.*", "Microsoft.Orleans").AddRuntimeInstrumentation().AddPrometheusExporter()
                // Room for so many combinations of tags is taken at once, for each of 160 instruments. The default is 2000; we have dozens.
                .AddView(_ => new MetricStreamConfiguration { CardinalityLimit = 100 }));
        if (ExportsTraces)
            telemetry
                .WithTracing(tracing => tracing.AddSource("RoomGrains.*", "Microsoft.Orleans.Application"))
                .UseOtlpExporter();
    }

    private static void ConfigureLogging(ILoggingBuilder logging, NodeOptions node)
    {
        logging.SetMinimumLevel(node.LogLevel);
        if (node.LogLevel > LogLevel.Debug)
        {
            foreach (var category in (string[])["Microsoft", "Orleans", "System", "OpenTelemetry", "Polly"])
                logging.AddFilter(category, node.LogLevel > LogLevel.Warning ? node.LogLevel : LogLevel.Warning);
            // Its warnings at every start are about server GC, which we leave off: a node shares its machine with encoders.
            logging.AddFilter("Orleans.Runtime.Silo", node.LogLevel > LogLevel.Error ? node.LogLevel : LogLevel.Error);
            // Its first look comes before its clock is set, and then tells of a stall as long as the machine has been up.
            var started = TimeProvider.System.GetTimestamp();
            logging.AddFilter("Orleans.Runtime.Watchdog", level =>
                level >= node.LogLevel && level >= LogLevel.Warning && TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromSeconds(10));
        }
        // It writes the URL of every request from Debug on, and a browser's first one has the admin token in it.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", node.LogLevel > LogLevel.Warning ? node.LogLevel : LogLevel.Warning);
        if (node.LogFormat is LogFormat.Json)
            logging.AddJsonConsole(json => json.UseUtcTimestamp = true);
        else
            logging.AddSimpleConsole(text => (text.SingleLine, text.TimestampFormat, text.UseUtcTimestamp, text.ColorBehavior) =
                (true, "HH:mm:ss.fff ", true, LoggerColorBehavior.Disabled));
    }

    // The host's configuration hides the environment from OpenTelemetry; it is the only one to get variables this way.
    private static IEnumerable<KeyValuePair<string, string?>> OpenTelemetryVariables() =>
        from System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables()
        where variable.Key is string name && name.StartsWith("OTEL_", StringComparison.Ordinal)
        select KeyValuePair.Create((string)variable.Key, (string?)variable.Value);
}
