using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using RoomGrains.Gateway.Draining;
using RoomGrains.Gateway.Presence;
using RoomGrains.Hosting;
using RoomGrains.Media;

namespace RoomGrains.Gateway.Tests;

/// <summary>A real gateway on a free port of the loopback, in front of the grains that the test gives it.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    /// <summary>What the gateways of all tests sign their tickets with, unless a test wants a stranger.</summary>
    public const string Secret = "the secret of a cluster of tests, and of no other";

    private readonly IHost _host;

    private TestGateway(IHost host, CapturedLog log) => (_host, Log) = (host, log);

    /// <summary>Where clients connect.</summary>
    public IPEndPoint EndPoint => Service.RtmpEndPoint!;

    /// <summary>The gateway.</summary>
    public GatewayService Service => _host.Services.GetRequiredService<GatewayService>();

    /// <summary>Its streams.</summary>
    public StreamHub Hub => _host.Services.GetRequiredService<StreamHub>();

    /// <summary>What it tells the rooms.</summary>
    public RoomPresence Presence => _host.Services.GetRequiredService<RoomPresence>();

    /// <summary>What empties it.</summary>
    public Drainer Drainer => _host.Services.GetRequiredService<Drainer>();

    /// <summary>Whether its process was asked to stop.</summary>
    public CancellationToken Stopping => _host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;

    /// <summary>What it logged.</summary>
    public CapturedLog Log { get; }

    public static async Task<TestGateway> StartAsync(
        IGrainFactory grains, string name = "gateway", Action<GatewayOptions>? configure = null, Action<StreamOptions>? streams = null, TimeProvider? time = null,
        string secret = Secret, Cable? cable = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        var log = new CapturedLog();
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        builder.Services.AddSingleton(grains);
        if (time is not null)
            builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(new TicketSigner(secret));
        builder.Services.AddRoomGrainsGateway(_ => new NodeIdentity(name, RelayAddress: cable?.Address ?? ""));
        builder.Services.Configure<GatewayOptions>(options =>
        {
            (options.RtmpPort, options.ListenAddress) = (0, "127.0.0.1");
            configure?.Invoke(options);
        });
        builder.Services.Configure<StreamOptions>(options =>
        {
            // What is sent is seen at once, also where the test's clock stands still.
            options.AudioMergeWindow = TimeSpan.Zero;
            streams?.Invoke(options);
        });
        var host = builder.Build();
        await host.StartAsync();
        var gateway = new TestGateway(host, log);
        cable?.To(gateway);
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        // A fault of the server may be invisible to a client; it must not be invisible to a test.
        Assert.Empty(Log.Lines.Where(line => line.Level >= LogLevel.Error).Select(line => line.Text));
    }
}

/// <summary>Keeps log lines, and lets a test wait for one.</summary>
internal sealed class CapturedLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(LogLevel, int, string)> _lines = new();
    private readonly List<(int Id, string Part, TaskCompletionSource<string> Seen)> _waiters = [];

    /// <summary>Every line so far.</summary>
    public IEnumerable<(LogLevel Level, int Id, string Text)> Lines => _lines;

    /// <summary>The first line with this event id that holds this text.</summary>
    public Task<string> WaitAsync(int id, string part, CancellationToken cancel)
    {
        var seen = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiters)
        {
            foreach (var (_, lineId, text) in _lines)
                if (lineId == id && text.Contains(part, StringComparison.Ordinal))
                    return Task.FromResult(text);
            _waiters.Add((id, part, seen));
        }
        return seen.Task.WaitAsync(cancel);
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var text = exception is null ? formatter(state, exception) : $"{formatter(state, exception)}\n{exception}";
        lock (_waiters)
        {
            _lines.Enqueue((logLevel, eventId.Id, text));
            foreach (var (id, part, seen) in _waiters)
                if (id == eventId.Id && text.Contains(part, StringComparison.Ordinal))
                    seen.TrySetResult(text);
        }
    }

    public void Dispose()
    {
    }
}
