using System.Collections.Concurrent;
using System.Net;

namespace RoomGrains.Cluster.Tests.Crowds;

/// <summary>
/// Publishers and players of many rooms in this process, and what they see. It holds some hundred clients beside three nodes on two
/// cores: frames are small, and nothing is kept of them but figures.
/// </summary>
internal sealed class Crowd : IAsyncDisposable
{
    private const int MaxRemembered = 50;

    private static readonly TimeSpan HomeLimit = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _goHome = new();
    private readonly Task _beat;
    private readonly Lock _gate = new();
    private readonly Dictionary<CrowdClient, (Task Run, CancellationTokenSource Stop)> _running = [];
    private CrowdPublisher[] _publishers = [];
    private CrowdPlayer[] _players = [];
    private readonly ConcurrentDictionary<StreamKey, CrowdStream> _streams = new();
    private readonly ConcurrentQueue<string> _wrong = new();
    private readonly ConcurrentDictionary<string, int> _failures = new();
    private IReadOnlyList<CrowdNode> _nodes;
    private int _wrongCount;
    private int _misled;
    private int _reconnectRequests;
    private int _ids;

    public Crowd(int seed, IEnumerable<CrowdNode> nodes, int frameRate = 10)
    {
        (Seed, FrameRate, _nodes) = (seed, frameRate, [.. nodes]);
        _beat = BeatAsync();
    }

    /// <summary>What its choices come from.</summary>
    public int Seed { get; }

    /// <summary>Frames a second of each publisher.</summary>
    public int FrameRate { get; }

    /// <summary>Those who publish.</summary>
    public IReadOnlyList<CrowdPublisher> Publishers => _publishers;

    /// <summary>Those who play.</summary>
    public IReadOnlyList<CrowdPlayer> Players => _players;

    /// <summary>All of them.</summary>
    public IEnumerable<CrowdClient> Clients => _publishers.Concat<CrowdClient>(_players);

    /// <summary>The rooms.</summary>
    public IEnumerable<RoomKey> Rooms => _streams.Keys.Select(s => s.Room).Distinct();

    /// <summary>Frames that reached a player of another stream or room. None ever may.</summary>
    public int MisledFrames => Volatile.Read(ref _misled);

    /// <summary>Whatever else a player may never see: frames twice, out of order, without headers, timestamps that step back.</summary>
    public int WrongCount => Volatile.Read(ref _wrongCount);

    /// <summary>The first of all that was wrong, in words.</summary>
    public IReadOnlyCollection<string> WhatWasWrong => _wrong;

    /// <summary>Reconnect requests that clients have got.</summary>
    public int ReconnectRequests => Volatile.Read(ref _reconnectRequests);

    /// <summary>Why attempts to connect failed, and how often.</summary>
    public IReadOnlyDictionary<string, int> Failures => _failures;

    /// <summary>The nodes that clients try: those that a name or a load balancer would give them.</summary>
    public void SetNodes(IEnumerable<CrowdNode> nodes) => _nodes = [.. nodes];

    /// <summary>A width that tells the metadata of one stream from another's.</summary>
    public static int WidthOf(CrowdStream stream) => 16 + (int)((uint)string.GetHashCode(stream.Key.ToString(), StringComparison.Ordinal) % 4000);

    /// <summary>A publisher comes.</summary>
    /// <param name="stream">What it publishes.</param>
    /// <param name="node">The node that it tries first; null: any.</param>
    public CrowdPublisher Publish(StreamKey stream, string? node = null)
    {
        var publisher = new CrowdPublisher(this, StreamOf(stream), ++_ids) { FirstNode = node };
        Add(publisher, ref _publishers);
        return publisher;
    }

    /// <summary>A player comes.</summary>
    /// <param name="stream">What it plays.</param>
    /// <param name="node">The node that it tries first; null: any.</param>
    public CrowdPlayer Play(StreamKey stream, string? node = null)
    {
        var player = new CrowdPlayer(this, StreamOf(stream), ++_ids) { FirstNode = node };
        Add(player, ref _players);
        return player;
    }

    /// <summary>Returns when every publisher publishes and every player has got a frame that was sent after this call.</summary>
    public async Task SettledAsync(CancellationToken cancel)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (_publishers.Any(p => !p.IsSettled) || _players.Any(p => p.LastSentAt < since))
        {
            if (cancel.IsCancellationRequested)
                throw new TimeoutException($"The crowd did not settle. {Describe(since)}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>From here on players count what they see.</summary>
    public void BeginWindow()
    {
        foreach (var stream in _streams.Values)
            stream.BeginWindow();
        foreach (var client in Clients)
            client.BeginWindow();
    }

    /// <summary>What they have seen.</summary>
    public CrowdFigures EndWindow(IReadOnlyDictionary<StreamKey, string>? origins = null)
    {
        var players = _players.Select(p => p.Observe(origins?.GetValueOrDefault(p.Stream.Key) ?? "")).ToArray();
        return new CrowdFigures(
            players, _streams.Values.Select(s => s.TwoOrigins()).DefaultIfEmpty().Max(), _publishers.Select(p => p.LongestAbsence).DefaultIfEmpty().Max());
    }

    /// <summary>The node of each stream's publisher now.</summary>
    public IReadOnlyDictionary<StreamKey, string> Origins() =>
        _publishers.Where(p => p.IsSettled && p.Current is not null).GroupBy(p => p.Stream.Key).ToDictionary(g => g.Key, g => g.First().Current?.Node ?? "");

    /// <summary>Every second client connects anew, at some node: after a node came back it has none.</summary>
    public void Scatter(Random random)
    {
        foreach (var client in Clients.ToArray())
            if (random.Next(2) == 0)
                client.Current?.Abort();
    }

    /// <summary>One client leaves for good.</summary>
    public async Task SendHomeAsync(CrowdClient client)
    {
        (Task Run, CancellationTokenSource Stop) life;
        lock (_gate)
        {
            if (!_running.Remove(client, out life))
                return;
            _publishers = [.. _publishers.Where(p => p != client)];
            _players = [.. _players.Where(p => p != client)];
        }
        await life.Stop.CancelAsync();
        try
        {
            await life.Run.WaitAsync(HomeLimit, TimeProvider.System);
            life.Stop.Dispose();
        }
        catch (Exception e)
        {
            // A client that dies, or hangs, is a fault of the client library or of the crowd: it would pass for one of the cluster.
            Wrong($"client {client.Id} of {client.Stream.Key} ended by {e.GetType().Name}: {e.Message}");
        }
    }

    /// <summary>Everybody leaves. Others may come after them.</summary>
    public Task GoHomeAsync() => Task.WhenAll(Clients.ToArray().Select(SendHomeAsync));

    /// <summary>Fails when a player saw what no player may see.</summary>
    public void AssertNothingWrong()
    {
        var words = string.Join('\n', _wrong);
        Assert.True(MisledFrames == 0, $"{MisledFrames} frames reached players of other streams:\n{words}");
        Assert.True(WrongCount == 0, $"{WrongCount} times players saw what they may not see:\n{words}");
    }

    public async ValueTask DisposeAsync()
    {
        await GoHomeAsync();
        await _goHome.CancelAsync();
        await _beat;
        _goHome.Dispose();
    }

    internal CrowdNode Pick(Random random, string? wanted, string? avoid)
    {
        var nodes = _nodes;
        if (wanted is not null && nodes.FirstOrDefault(n => n.Name == wanted) is { } named)
            return named;
        var others = nodes.Where(n => n.Name != avoid).ToArray();
        return others.Length == 0 ? nodes[random.Next(nodes.Count)] : others[random.Next(others.Length)];
    }

    internal CrowdNode NodeAt(IPEndPoint address) => _nodes.FirstOrDefault(n => n.Address.Equals(address)) ?? new CrowdNode($"{address}", address);

    internal void Misled(CrowdPlayer player, string what)
    {
        Interlocked.Increment(ref _misled);
        Remember($"player {player.Id} of {player.Stream.Key} on {player.Current?.Node}: {what}");
    }

    internal void Wrong(string what)
    {
        Interlocked.Increment(ref _wrongCount);
        Remember(what);
    }

    internal void Failed(CrowdClient client, Exception exception)
    {
        var kind = $"{(client is CrowdPublisher ? "publisher" : "player")}: {exception.Message}";
        if (_failures.Count < MaxRemembered || _failures.ContainsKey(kind))
            _failures.AddOrUpdate(kind, 1, (_, n) => n + 1);
    }

    internal void CountReconnectRequest() => Interlocked.Increment(ref _reconnectRequests);

    private void Add<T>(T client, ref T[] list)
        where T : CrowdClient
    {
        var stop = new CancellationTokenSource();
        lock (_gate)
        {
            list = [.. list, client];
            _running[client] = (client.RunAsync(stop.Token), stop);
        }
    }

    private void Remember(string what)
    {
        if (_wrong.Count < MaxRemembered)
            _wrong.Enqueue(what);
    }

    private CrowdStream StreamOf(StreamKey key) => _streams.GetOrAdd(key, static k => new CrowdStream(k));

    private string Describe(long since)
    {
        var publishers = _publishers.Where(p => !p.IsSettled).Select(p => $"publisher {p.Id} of {p.Stream.Key}: {p.Current?.Node ?? p.LastFailure}{Dead(p)}").ToArray();
        var players = _players.Where(p => p.LastSentAt < since).Select(p => $"player {p.Id} of {p.Stream.Key}: {p.Current?.Node ?? p.LastFailure}{Dead(p)}").ToArray();
        return $"{publishers.Length} publishers are away, {players.Length} players see nothing new:\n{string.Join('\n', publishers.Concat(players).Take(20))}";
    }

    private string Dead(CrowdClient client)
    {
        lock (_gate)
            return _running.TryGetValue(client, out var life) && life.Run.IsFaulted ? $" (it died: {life.Run.Exception!.GetBaseException()})" : "";
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250), TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(_goHome.Token))
                foreach (var client in Clients.ToArray())
                    client.Tick();
        }
        catch (OperationCanceledException)
        {
            // Everybody has gone home.
        }
    }
}
