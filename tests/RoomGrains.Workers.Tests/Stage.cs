using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using RoomGrains.Gateway;
using RoomGrains.Grains.Jobs;
using RoomGrains.Hosting;
using RoomGrains.Media;
using RoomGrains.Testing;
using RoomGrains.Workers.Processes;

namespace RoomGrains.Workers.Tests;

/// <summary>One silo and one gateway in this process for the tests of an assembly; each test has rooms, and a worker, of its own.</summary>
public sealed class Stage : IAsyncLifetime
{
    private const string Secret = "the secret of a cluster of tests, and of no other";

    private readonly TicketSigner _tickets = new(Secret);
    private GrainCluster? _cluster;
    private IHost? _host;
    private int _rooms;

    /// <summary>Where clients connect.</summary>
    public IPEndPoint EndPoint => _host!.Services.GetRequiredService<GatewayService>().RtmpEndPoint!;

    /// <summary>A room that no other test uses.</summary>
    public RoomKey NewRoom() => new("chat", $"room{Interlocked.Increment(ref _rooms)}");

    /// <summary>The URL of a stream.</summary>
    public string Url(StreamKey stream) => $"rtmp://{EndPoint}/{stream}";

    /// <summary>A worker of this node, which has started.</summary>
    internal async Task<TestWorker> StartWorkerAsync(Action<WorkerOptions>? configure = null, Func<long>? freeBytes = null)
    {
        var folder = new TemporaryFolder();
        var options = new WorkerOptions { MediaFolder = folder.Path, MinFreeBytes = 1, Slots = 4 };
        configure?.Invoke(options);
        var worker = new FfmpegWorker(options, new WorkerHome("stage", () => EndPoint), _tickets, TimeProvider.System, NullLogger.Instance, freeBytes);
        await worker.StartAsync(TestContext.Current.CancellationToken);
        return new TestWorker(worker, folder);
    }

    public async ValueTask InitializeAsync()
    {
        _cluster = await GrainCluster.Start(new GrainClusterOptions { Services = services => services.AddSingleton(_tickets) });
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<IGrainFactory>(_cluster.Client);
        builder.Services.AddSingleton(_tickets);
        builder.Services.AddRoomGrainsGateway(_ => new NodeIdentity("stage"));
        builder.Services.Configure<GatewayOptions>(options => (options.RtmpPort, options.ListenAddress) = (0, "127.0.0.1"));
        // A publisher that was lost ends its stream soon: tests wait for that.
        builder.Services.Configure<StreamOptions>(options => options.GracePeriod = TimeSpan.FromMilliseconds(500));
        _host = builder.Build();
        await _host.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
            await _host.StopAsync();
        _host?.Dispose();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }
}

/// <summary>A worker with a folder of its own. At its end no process of it may be left.</summary>
internal sealed class TestWorker(FfmpegWorker worker, TemporaryFolder folder) : IAsyncDisposable
{
    private readonly List<int> _processes = [];
    private readonly List<Attempt> _attempts = [];

    /// <summary>The worker.</summary>
    public FfmpegWorker Worker => worker;

    /// <summary>The folder of its results.</summary>
    public string Folder => folder.Path;

    /// <summary>How long attempts wait for their stream.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Starts an attempt.</summary>
    public Attempt Run(string profile, StreamKey stream, params (string Name, string Value)[] parameters) => Run(JobId.New(), 1, profile, stream, parameters);

    /// <summary>Starts an attempt at a job.</summary>
    public Attempt Run(JobId job, int part, string profile, StreamKey stream, params (string Name, string Value)[] parameters)
    {
        var attempt = new Attempt(worker, job, part, Patience, new MediaJobRequest
        {
            Profile = profile, Stream = stream, Parameters = parameters.ToImmutableSortedDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal),
        });
        _ = attempt.Started.ContinueWith(started => Note(), TaskScheduler.Default);
        _attempts.Add(attempt);
        return attempt;
    }

    /// <summary>The one process that runs.</summary>
    public int Process
    {
        get
        {
            Note();
            return Assert.Single(worker.Running.Ids);
        }
    }

    /// <summary>The path of a result.</summary>
    public string PathOf(MediaRunResult result) => worker.PathOf(result.Result!.File);

    public async ValueTask DisposeAsync()
    {
        Note();
        foreach (var attempt in _attempts)
            await attempt.StopAsync();
        await worker.StopAsync(CancellationToken.None);
        lock (_processes)
        {
            Assert.All(_processes, process => Assert.Null(ProcessTable.StartTimeOf(process)));
            Assert.Empty(Directory.EnumerateFiles(Path.Combine(folder.Path, ".running")));
            Assert.Empty(Directory.EnumerateFiles(Path.Combine(folder.Path, ".tmp")));
        }
        worker.Dispose();
        folder.Dispose();
    }

    private void Note()
    {
        lock (_processes)
            _processes.AddRange(worker.Running.Ids);
    }
}

/// <summary>An attempt that runs.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "The token source has no timer and no handle.")]
internal sealed class Attempt
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<string> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(Func<MediaProgress, bool> Matches, TaskCompletionSource Seen)> _waiters = [];

    public Attempt(FfmpegWorker worker, JobId job, int part, TimeSpan patience, MediaJobRequest request)
    {
        Result = worker.RunAsync(new MediaRun
        {
            Job = job, Epoch = 1, Part = part, Request = request, Patience = patience, Log = Log,
            Started = file => _started.TrySetResult(file),
            Progress = progress =>
            {
                lock (_waiters)
                    foreach (var (_, seen) in _waiters.Where(waiter => waiter.Matches(progress)).ToArray())
                        seen.TrySetResult();
            },
        }, _stop.Token);
    }

    /// <summary>What FFmpeg says.</summary>
    public LogTail Log { get; } = new();

    /// <summary>Where the result will be, when FFmpeg runs.</summary>
    public Task<string> Started => _started.Task;

    /// <summary>The result.</summary>
    public Task<MediaRunResult> Result { get; }

    /// <summary>What FFmpeg has said, as one text.</summary>
    public string Said => string.Join('\n', Log.Lines);

    /// <summary>Stops it.</summary>
    public Task<MediaRunResult> StopAsync()
    {
        _stop.Cancel();
        return Result;
    }

    /// <summary>Waits until it plays the stream: what is published after that is not missed.</summary>
    public Task WaitsAsync(CancellationToken cancel) => Until.True(() => Log.Lines.Contains(MediaAttempt.Waits) || Result.IsCompleted, cancel);

    /// <summary>Waits until FFmpeg is so far.</summary>
    public async Task UntilAsync(Func<MediaProgress, bool> matches, CancellationToken cancel)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiters)
            _waiters.Add((matches, seen));
        await await Task.WhenAny(seen.Task, Result).WaitAsync(cancel);
        Assert.True(seen.Task.IsCompleted, $"It ended before it was so far: {(Result.IsCompleted ? Result.Result : null)}\n{Said}");
    }
}
