using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Grains.Jobs;
using RoomGrains.Grains.Placement;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Jobs;

/// <summary>Silos with workers whose nodes report, as <c>roomgrains</c> does, and look after the jobs.</summary>
internal sealed class JobCluster : IAsyncDisposable
{
    private readonly GrainCluster _cluster;
    private readonly CancellationTokenSource _end = new();
    private readonly HashSet<int> _dead = [];
    private readonly Task _reporting;
    private readonly double[] _loads;
    private readonly string[] _names;
    private TaskCompletionSource _reported = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private JobCluster(GrainCluster cluster, HandWork work, int silos)
    {
        (_cluster, Work, _loads) = (cluster, work, new double[silos]);
        _names = [.. Enumerable.Range(0, silos).Select(i => cluster.Services(i).GetRequiredService<ILocalSiloDetails>().Name)];
        _reporting = ReportAsync();
    }

    public HandWork Work { get; }

    public IClusterClient Client => _cluster.Client;

    public GrainCluster Silos => _cluster;

    public static async Task<JobCluster> Start(int silos, HandWork work, Action<JobOptions>? options = null) => new(
        await GrainCluster.Start(new GrainClusterOptions
        {
            Silos = silos,
            ClientTimeout = TimeSpan.FromSeconds(10),
            Services = services =>
            {
                services.AddSingleton(work);
                services.AddSingleton<IMediaWorker, HandWorker>();
                services.Configure<JobOptions>(o => (o.FirstPause, o.PublisherGrace, o.StreamWait) = (TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100)));
                // Tests' nodes report when the test says so.
                services.Configure<RoomOptions>(o => o.SeatLease = TimeSpan.FromMinutes(5));
                if (options is not null)
                    services.Configure(options);
            },
        }),
        work, silos);

    public string NodeOf(int silo) => _names[silo];

    public HandWorker WorkerOf(int silo) => (HandWorker)_cluster.Services(silo).GetRequiredService<IMediaWorker>();

    /// <summary>Each node uses so much of its one core. Returns when all silos have heard it.</summary>
    public async Task Load(params double[] cpu)
    {
        cpu.CopyTo(_loads, 0);
        // The report that is being made now may have the old ones.
        for (var reports = 0; reports < 2; reports++)
            await Volatile.Read(ref _reported).Task;
    }

    public async Task Kill(int silo)
    {
        lock (_dead)
            _dead.Add(silo);
        await _cluster.Kill(silo);
        Work.Lost(NodeOf(silo));
    }

    public async Task<MediaJobSummary> StartJob(string stream, string profile = "record", params (string Name, string Value)[] parameters)
    {
        var answer = await Client.GetMediaJobs().Start(Request(stream, profile, parameters));
        Assert.True(answer.IsDone, answer.Refusal?.ToString());
        return answer.Value;
    }

    public static MediaJobRequest Request(string stream, string profile = "record", params (string Name, string Value)[] parameters) => new()
    {
        Profile = profile, Stream = new StreamKey(new RoomKey("chat", "lobby"), stream), By = "test",
        Parameters = parameters.ToImmutableSortedDictionary(p => p.Name, p => p.Value),
    };

    public Task<HandAttempt> UntilRuns(JobId job) => UntilRuns(job, _ => true);

    public async Task<HandAttempt> UntilRuns(JobId job, Func<HandAttempt, bool> which)
    {
        HandAttempt? attempt = null;
        await Until.True(() => (attempt = Work.Of(job)) is not null && which(attempt), $"{job} runs");
        return attempt!;
    }

    public Task UntilState(JobId job, MediaJobState state) => Until.True(
        async () => (await Client.GetMediaJobs().List()).FirstOrDefault(j => j.Id == job)?.State == state, $"{job} is {state}");

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _reporting;
        await _cluster.DisposeAsync();
        _end.Dispose();
    }

    /// <summary>What each node's reporter does: tell the others how loaded it is, and look after the jobs.</summary>
    private async Task ReportAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            int[] living;
            lock (_dead)
                living = [.. Enumerable.Range(0, _loads.Length).Where(i => !_dead.Contains(i))];
            var reports = living.Select(i =>
            {
                var (worker, silo) = (WorkerOf(i), _cluster.Services(i).GetRequiredService<ILocalSiloDetails>());
                var status = worker.Status;
                return new NodeReport
                {
                    Name = silo.Name, SiloAddress = silo.SiloAddress.ToParsableString(), Roles = ["worker"], Capabilities = status.Capabilities, WorkerSlots = status.Slots,
                    WorkersBusy = status.Busy, CpuCores = _loads[i], Cores = 1, Draining = worker.Draining.IsCancellationRequested, At = TimeProvider.System.GetUtcNow(),
                };
            }).ToImmutableArray();
            foreach (var i in living)
                _cluster.Services(i).GetRequiredService<LoadTable>().Update(reports);
            Interlocked.Exchange(ref _reported, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            _ = Client.GetMediaJobs().Look().ContinueWith(_ => { }, TaskScheduler.Default);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
