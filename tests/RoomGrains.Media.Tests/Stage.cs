using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Media.Tests;

/// <summary>A hub with a clock that the test owns. At its end nobody may hold a buffer that went through it.</summary>
internal sealed class Stage : IDisposable
{
    public const string Path = "chat/lobby/alice";

    private readonly Lock _gate = new();
    private readonly List<SharedBuffer> _payloads = [];
    private readonly List<RecordingSink> _sinks = [];
    private readonly List<Subscription> _subscriptions = [];
    private readonly List<Publication> _publications = [];
    private readonly ServiceProvider _services;
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _counted = [];

    /// <param name="options">The stream's options.</param>
    /// <param name="merges">Whether sound waits for pictures; most tests want to see each message at once.</param>
    public Stage(StreamOptions? options = null, bool merges = false)
    {
        Options = options ?? new StreamOptions();
        if (!merges)
            Options.AudioMergeWindow = TimeSpan.Zero;
        _services = new ServiceCollection().AddMetrics().AddLogging(b => b.AddProvider(Log)).BuildServiceProvider();
        var meters = _services.GetRequiredService<IMeterFactory>();
        // The factory gives the same meter for the same name: the test listens to this hub's instruments only.
        var meter = meters.Create(StreamHub.MeterName);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, meter))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            lock (_gate)
                _counted[instrument.Name] = _counted.GetValueOrDefault(instrument.Name) + value;
        });
        _listener.Start();
        Hub = new StreamHub(Options, Time, meters, _services.GetRequiredService<ILogger<StreamHub>>());
    }

    public StreamOptions Options { get; }

    public FakeTimeProvider Time { get; } = new();

    public StreamHub Hub { get; }

    public LinesOfLog Log { get; } = new();

    public long Counted(string instrument)
    {
        lock (_gate)
            return _counted.GetValueOrDefault(instrument);
    }

    public Publication Publish(long epoch = 1, bool isRelay = false)
    {
        var publication = Hub.Publish(Path, epoch, isRelay);
        Assert.NotNull(publication);
        _publications.Add(publication);
        return publication;
    }

    public (Subscription Subscription, RecordingSink Sink) Play(PlayOptions? play = null)
    {
        var sink = new RecordingSink();
        var subscription = Hub.Play(Path, sink, play);
        lock (_gate)
        {
            _sinks.Add(sink);
            _subscriptions.Add(subscription);
        }
        return (subscription, sink);
    }

    /// <summary>Another node that pulls the stream; null when this publication of it is not here.</summary>
    public RecordingSink? PlayToNode(long epoch = 1, bool fromGop = true) => Relay(epoch, fromGop)?.Sink;

    /// <summary>The same, with what ends it.</summary>
    public (Subscription Subscription, RecordingSink Sink)? Relay(long epoch = 1, bool fromGop = true)
    {
        var sink = new RecordingSink();
        var subscription = Hub.PlayToNode(Path, epoch, sink, fromGop);
        lock (_gate)
        {
            _sinks.Add(sink);
            if (subscription is null)
                return null;
            _subscriptions.Add(subscription);
        }
        return (subscription, sink);
    }

    /// <summary>Sends words such as <c>K1@40</c> that came in one read; see <see cref="Words"/>.</summary>
    public void Send(Publication publication, string words)
    {
        foreach (var word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = word.Split('@');
            var (type, payload) = Words.Message(parts[0]);
            Queue(publication, type, uint.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), payload);
        }
        publication.Flush();
    }

    public void Send(Publication publication, MessageType type, uint timestamp, byte[] payload)
    {
        Queue(publication, type, timestamp, payload);
        publication.Flush();
    }

    private void Queue(Publication publication, MessageType type, uint timestamp, byte[] payload)
    {
        var buffer = SharedBuffer.CopyOf(payload);
        lock (_gate)
            _payloads.Add(buffer);
        publication.Send(new RtmpMessage(type, timestamp, 1, buffer));
    }

    /// <summary>Ends everything, and fails when a buffer is still referenced.</summary>
    public void Dispose()
    {
        foreach (var publication in _publications)
            publication.End(PublicationEnd.Clean);
        foreach (var subscription in _subscriptions)
            subscription.Dispose();
        Assert.Empty(Hub.Snapshot());
        // What the test holds itself, by the bytes: when it has given back all but one reference, nobody else may have one.
        var held = _payloads.Where(p => p.Length > 0).Select(p => (Bytes: p.Segment.Array, IsShared: (Func<bool>)(() => p.IsShared), Release: (Action)p.Release))
            .Concat(_sinks.SelectMany(s => s.Messages).Where(m => m.PayloadLength > 0)
                .Select(m => (Bytes: m.Body.Array, IsShared: (Func<bool>)(() => m.IsShared), Release: (Action)m.Release)));
        foreach (var buffer in held.GroupBy(h => h.Bytes).ToArray())
        {
            foreach (var reference in buffer.Skip(1))
                reference.Release();
            Assert.False(buffer.First().IsShared());
            buffer.First().Release();
        }
        _listener.Dispose();
        _services.Dispose();
    }
}

/// <summary>What was logged.</summary>
internal sealed class LinesOfLog : ILoggerProvider, ILogger
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
            _lines.Add(formatter(state, exception));
    }

    public void Dispose()
    {
    }
}
