using System.Globalization;
using System.Security.Cryptography;
using RoomGrains.Load.Figures;
using RoomGrains.Load.Media;
using RoomGrains.Load.Wire;

namespace RoomGrains.Load;

/// <summary>What the scenarios share: the clients of a run, the steps that they are made of, and the report.</summary>
internal sealed class LoadRun : IDisposable
{
    // A server that lets a publisher wait for longer than this has a waiting room, or is no server.
    private static readonly TimeSpan PublishLimit = TimeSpan.FromSeconds(20);

    // Without a GOP cache a player waits for the next key frame: 10 s at most in what encoders make. Who has no picture then gets none.
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(20);

    // What the one publisher of a scenario publishes, and its number.
    private const string Stream = "stream";
    private const uint Publisher = 1;

    private readonly string _scenario;
    private readonly Dictionary<string, int> _ends = [];
    private readonly Meter _meter;
    private readonly CancellationTokenSource _publishing = new();
    private readonly long _begun = Clock.Now;
    private string _phase = "starts";
    private (LoadClient Client, Tally Tally, Task Thread)? _publisher;

    public LoadRun(string scenario, LoadOptions options, CancellationToken cancel)
    {
        (_scenario, Options, Random) = (scenario, options, new Random(options.Seed));
        if (options.Urls.Count == 0)
            throw new LoadException("which server? Give its URL, for example rtmp://127.0.0.1/live/load.", LoadFailure.Usage);
        if (options.ServerProcesses.FirstOrDefault(id => !ProcessFigures.Exists(id)) is not 0 and var missing)
            throw new LoadException($"--server-pid: there is no process {missing}.", LoadFailure.Usage);
        Targets = [.. options.Urls.Select(url => LoadTarget.Parse(url, options.Flat))];
        Loop = new LoadLoop(cancel);
        _meter = new Meter(Tally, options.ServerProcesses);
        Loop.EverySecond = _ => Look();
    }

    public LoadOptions Options { get; }

    public LoadLoop Loop { get; }

    public IReadOnlyList<LoadTarget> Targets { get; }

    public Tally Tally { get; } = new();

    public Random Random { get; }

    /// <summary>Tells the frames of this run from those of any other.</summary>
    public uint Id { get; } = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));

    /// <summary>All that have come, those that have left or were lost too.</summary>
    public List<LoadClient> Clients { get; } = [];

    /// <summary>When the first of the clients that are measured began to connect.</summary>
    public long FirstConnect { get; set; }

    /// <summary>Says what the run does now, for those who watch it.</summary>
    public void Phase(string phase) => _phase = phase;

    /// <summary>
    /// Brings the one publisher of a scenario, and waits until it publishes. It lives on a thread of its own: a frame that is late because the
    /// generator reads for a thousand players would come together with the next, and cost the server less than it should.
    /// </summary>
    /// <exception cref="LoadException">It can't.</exception>
    public void Publish()
    {
        var replay = FlvReplay.Load(Options.File);
        var tally = new Tally();
        var loop = new LoadLoop(_publishing.Token);
        var publisher = new LoadClient(this, Targets[0], loop, tally).Publishing(replay, Publisher, Stream);
        var thread = Task.Factory.StartNew(() =>
        {
            publisher.Open();
            loop.RunUntil(long.MaxValue);
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _publisher = (publisher, tally, thread);
        var live = Loop.RunUntil(Clock.Now + Clock.Ticks(PublishLimit), () => publisher.End is not null || publisher.Publication!.IsLive || thread.IsFaulted);
        if (thread.IsFaulted)
            thread.GetAwaiter().GetResult();
        if (publisher.End is { } reason)
        {
            throw publisher.AskedAt == 0
                ? new LoadException($"no RTMP server answers at {Targets[0].Authority}: {reason.TrimEnd('.')}.", LoadFailure.Unreachable)
                : new LoadException($"the server did not let the publisher in: {reason}", LoadFailure.Refused);
        }
        if (!live && !Loop.IsCancelled)
        {
            throw new LoadException(publisher.IsAdmitted
                ? $"the server let the publisher in and did not take its stream within {PublishLimit.TotalSeconds:0} s."
                : $"the server did not answer the publisher within {PublishLimit.TotalSeconds:0} s: has {Targets[0].Name} a waiting room?", LoadFailure.Refused);
        }
    }

    /// <summary>Where the client with this number goes: to each server in turn.</summary>
    public LoadTarget TargetOf(int client) => Targets[client % Targets.Count];

    /// <summary>A player of the one publisher.</summary>
    /// <param name="number">Its number among the players, from 0.</param>
    /// <param name="stalls">Whether it stops reading once it plays.</param>
    public LoadClient Player(int number, bool stalls = false) => new LoadClient(this, TargetOf(number)) { Stalls = stalls }.Playing(Publisher, Stream);

    /// <summary>Lets clients in, so many each second.</summary>
    public void Ramp(IReadOnlyList<LoadClient> clients)
    {
        Phase("clients connect");
        var start = FirstConnect = Clock.Now;
        for (var i = 0; i < clients.Count && Loop.RunUntil(start + i * Clock.Second / Options.Ramp); i++)
            Come(clients[i]);
    }

    /// <summary>A client connects now.</summary>
    public void Come(LoadClient client)
    {
        Clients.Add(client);
        client.Open(client.Stalls ? StalledReceiveBuffer : 0);
    }

    /// <summary>Waits until everybody has what it came for, and then for things to become even.</summary>
    public void WarmUp()
    {
        Phase("waits for pictures");
        Loop.RunUntil(Clock.Now + Clock.Ticks(SettleLimit), () => Clients.TrueForAll(client => client.IsSettled || client.End is not null));
        Phase("warms up");
        Loop.Run(Options.Warm);
    }

    /// <summary>Measures.</summary>
    /// <param name="window">For how long.</param>
    /// <param name="begin">What happens at the beginning of the window.</param>
    /// <param name="until">Ends the window before its time.</param>
    public void Measure(TimeSpan window, Action? begin = null, Func<bool>? until = null)
    {
        Phase("measures");
        _meter.Begin();
        var end = Clock.Now + Clock.Ticks(window);
        begin?.Invoke();
        Loop.RunUntil(end, until);
        foreach (var client in Clients)
            client.EndWindow(Clock.Now);
        _meter.End();
    }

    /// <summary>The report.</summary>
    /// <param name="sharedBy">How many clients the server's memory is shared by; null: all that are there.</param>
    public LoadReport Report(int? sharedBy = null)
    {
        var stalled = Clients.Where(client => client.Stalls).ToArray();
        var readers = Clients.Where(client => !client.Stalls).ToArray();
        var lost = readers.Where(client => client.IsLost).ToArray();
        StopPublishing();
        var publisher = _publisher?.Client;
        var all = publisher is null ? Clients : [.. Clients, publisher];
        var report = new LoadReport
        {
            Scenario = _scenario,
            Urls = Options.Urls,
            Clients = Clients.Count,
            Players = readers.Count(client => client.End is null && client.FirstFrameAt != 0),
            Publishers = all.Count(client => client is { End: null, Publication.IsLive: true }),
            Admitted = Clients.Count(client => client is { End: null, IsAdmitted: true }),
            VideoLatencyMs = Tally.VideoLatency.Report(),
            AudioLatencyMs = Tally.AudioLatency.Report(),
            VideoIntervalMs = Tally.VideoInterval.Report(),
            JoinMs = Tally.Join.Report(),
            ConnectMs = Tally.Connect.Report(),
            AnswerMs = Tally.Answer.Report(),
            SendDelayMs = (_publisher?.Tally ?? Tally).Lateness.Report(),
            AllConnectedSeconds = Last(client => client.AdmittedAt),
            AllFirstFramesSeconds = Last(client => client.FirstFrameAt),
            VideoFrames = Tally.VideoFrames,
            AudioFrames = Tally.AudioFrames,
            Gaps = Tally.Gaps,
            Doubles = Tally.Doubles,
            WrongStream = Tally.WrongStream,
            Unpublished = Tally.Unpublished,
            Rejected = lost.Count(client => !client.IsAdmitted),
            Dropped = lost.Count(client => client.IsAdmitted) + (publisher is { IsLost: true } ? 1 : 0),
            Stalled = stalled.Length == 0 ? null : stalled.Length,
            StalledDropped = stalled.Length == 0 ? null : stalled.Count(client => client.IsLost),
            Ends = new Dictionary<string, int>(_ends),
            EndedEarly = Loop.IsCancelled,
        };
        report = _meter.Report(report, sharedBy ?? all.Count(client => client.End is null));
        return report with { Problems = [.. Problems(report, publisher)] };
    }

    internal void OnEnded(LoadClient client)
    {
        // The publisher's is said apart, and on another thread.
        if (client.Loop == Loop && client.IsLost && client.End is { } reason)
            _ends[reason] = _ends.GetValueOrDefault(reason) + 1;
    }

    public void Dispose()
    {
        StopPublishing();
        _publisher?.Client.Loop.Dispose();
        _publishing.Dispose();
        Loop.Dispose();
    }

    // Its connection stays: whether it was lost is a part of the report.
    private void StopPublishing()
    {
        if (_publisher is not { Thread: var thread })
            return;
        _publishing.Cancel();
        thread.GetAwaiter().GetResult();
    }

    private const int StalledReceiveBuffer = 4096;

    private double? Last(Func<LoadClient, long> moment)
    {
        var last = Clients.Select(moment).DefaultIfEmpty().Max();
        return last == 0 || FirstConnect == 0 ? null : Math.Round(Clock.Seconds(last - FirstConnect), 3);
    }

    private static IEnumerable<string> Problems(LoadReport report, LoadClient? publisher)
    {
        if (report.Gaps > 0)
            yield return $"{report.Gaps} frames were missing between others";
        if (report.Doubles > 0)
            yield return $"{report.Doubles} frames came twice or after later ones";
        if (report.WrongStream > 0)
            yield return $"{report.WrongStream} frames were of another stream than the one that was asked for";
        if (report.Unpublished > 0)
            yield return $"{report.Unpublished} times a player was told that its stream had ended";
        if (report.Rejected > 0)
            yield return $"{report.Rejected} clients were not let in";
        if (report.Dropped > 0)
            yield return $"{report.Dropped} clients lost their connection";
        if (publisher is { IsLost: true, End: { } reason })
            yield return $"the publisher was lost: {reason}";
    }

    private void Look()
    {
        var line = _meter.Look();
        if (Options.Progress is null || line.Length == 0)
            return;
        var there = Clients.Count(client => client.End is null);
        var latency = Tally.VideoLatency.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", video p99 {Tally.VideoLatency.Percentile(0.99):0.0} ms");
        Options.Progress(string.Create(CultureInfo.InvariantCulture,
            $"{_scenario} {Clock.Seconds(Clock.Now - _begun),4:0} s  {_phase}: {there} clients, {Clients.Count(client => client.FirstFrameAt != 0)} with a picture, {line}{latency}"));
    }
}
