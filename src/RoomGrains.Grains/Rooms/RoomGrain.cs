using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using RoomGrains.Grains.Directory;
using RoomGrains.Grains.Nodes;
using RoomGrains.Grains.Storage;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Rooms;

/// <summary>
/// A room. Reentrant: what its calls await is the gathering after it came up, during which the nodes' reports must get in, and writes of
/// settings, which nobody else has to wait for. Between two awaits everything is memory, and one turn.
/// </summary>
/// <remarks>
/// Two activations can exist for a moment when the cluster is torn. Each may give the same seat away; when one is left, the reports of the
/// nodes bring all members to it, over capacity if need be, and of two publications under a name the one with the higher epoch stays.
/// </remarks>
[Reentrant]
internal sealed partial class RoomGrain : Grain, IRoomGrain, IRoomSettingsFollower
{
    private const string AskedToLeave = "You were asked to leave.";

    private static readonly TimeSpan TickPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RenewPeriod = TimeSpan.FromSeconds(10);

    /// <summary>How long a closed room lets nobody in: its members' players and encoders reconnect at once, and would make it anew.</summary>
    private static readonly TimeSpan ClosedTime = TimeSpan.FromSeconds(10);

    private readonly StateStore<RoomState> _store;
    private readonly RoomOptions _options;
    private readonly GrainMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<RoomGrain> _logger;
    private readonly SeatTable _seats;
    private readonly StreamTable _streams;
    private readonly NodeTable _nodes;
    private readonly TaskCompletionSource _allAnswered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RoomKey _key;
    private ApplicationSettings _application = new();
    private Task _gathered = Task.CompletedTask;
    private int _asked = int.MaxValue;
    private DateTimeOffset _emptySince;
    private DateTimeOffset _reportedAt;
    private DateTimeOffset? _closedAt;
    private int _countedMembers;
    private bool _inDirectory;
    private bool _creating;

    public RoomGrain(
        [PersistentState("room")] IPersistentState<RoomState> state, IOptions<RoomOptions> options, GrainMetrics metrics,
        [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock, ILogger<RoomGrain> logger)
    {
        _store = new StateStore<RoomState>(state);
        (_options, _metrics, _clock, _logger) = (options.Value, metrics, clock, logger);
        _seats = new SeatTable(_options.SeatLease);
        _streams = new StreamTable(_options.TakeoverSilence, _options.MaxStreams);
        _nodes = new NodeTable(_options.SeatLease);
    }

    private bool IsPermanent => _store.Value.Settings is not null;

    private bool Exists => _closedAt is null && (IsPermanent || _seats.Count > 0);

    private EffectiveRoomSettings Settings => SettingsRules.Resolve(_store.Value.Settings, _application, _options);

    private IRoomRegister Register => GrainFactory.GetGrain<IRoomRegister>(_key.Application);

    private DateTimeOffset Now => _clock.GetUtcNow();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (!RoomKey.TryParse(this.GetPrimaryKeyString(), out _key))
            throw new ArgumentException($"'{this.GetPrimaryKeyString()}' is no room: write application/room.");
        _application = await Register.Activated(_key.Room, _store.Value.Settings);
        _emptySince = Now;
        _metrics.Rooms(1);
        this.RegisterGrainTimer(Tick, new GrainTimerCreationOptions(TickPeriod, TickPeriod) { Interleave = true });
        _gathered = Gather();
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _metrics.Rooms(-1);
        _metrics.Members(-_countedMembers);
        return Task.CompletedTask;
    }

    public async Task<Answer<Seat>> TakeSeat(SeatRequest request)
    {
        await _gathered;
        var (settings, now, member) = (Settings, Now, request.Member);
        if (_closedAt is not null)
            return new Refusal(RefusalCode.RoomClosed, $"The room {_key} has been closed.");
        if (_seats.HasLeft(member.Id))
            return new Refusal(RefusalCode.Gone, $"The connection {member.Id} has left the room {_key}.");
        if (!Exists && !(_application.CreateRoomsOnTheFly ?? _options.CreateOnTheFly))
            return UnknownRoom();
        if (settings.WaitingRoom && !request.Approved && !_seats.Contains(member.Id))
            return new Seat(SeatOutcome.NeedsApproval, settings);
        if (!_seats.TrySeat(member, settings.Capacity, now))
        {
            _metrics.LimitHit("seats");
            return new Refusal(RefusalCode.RoomFull, $"The room {_key} is full: all {settings.Capacity} seats are taken.");
        }
        Changed();
        return new Seat(SeatOutcome.Seated, settings);
    }

    public Task ReleaseSeat(ConnectionId connection)
    {
        if (_seats.Release(connection, putOut: null, Now))
            Changed();
        return Task.CompletedTask;
    }

    public async Task<Answer<long>> ClaimStream(StreamClaim claim)
    {
        await _gathered;
        if (!Names.IsValid(claim.Stream))
            return new Refusal(RefusalCode.InvalidName, $"The stream's name is not allowed. {Names.Rule}");
        var answer = _streams.Claim(claim, _seats.Contains, _nodes.LastReport, Now, out var superseded);
        if (superseded is { } old)
            Tell(old);
        if (answer.IsDone)
            Changed();
        else if (answer.Refusal.Code == RefusalCode.TooManyStreams)
            _metrics.LimitHit("streams");
        return answer;
    }

    public Task ReleaseStream(string stream, long epoch)
    {
        if (_streams.Release(stream, epoch, Now))
            Changed();
        return Task.CompletedTask;
    }

    public Task<RoomRoutes> Report(NodePresence presence)
    {
        var now = Now;
        if (!_nodes.TryReport(presence, now))
            return Task.FromResult(Routes());
        foreach (var stray in _seats.Apply(presence.Node, presence.Members, now).GroupBy(s => s.Reason, s => s.Connection))
            _nodes.Observer(presence.Node)?.Disconnect(_key, [.. stray], stray.Key).Ignore();
        foreach (var old in _streams.Apply(presence.Node, presence.Streams, _seats.Contains, now))
            Tell(old);
        Changed();
        if (_nodes.Count >= _asked)
            _allAnswered.TrySetResult();
        return Task.FromResult(Routes());
    }

    public Task<Answer<RoomDetails>> Watch(IRoomObserver observer) => throw new NotImplementedException();

    public Task Unwatch(IRoomObserver observer) => throw new NotImplementedException();

    private RoomRoutes Routes() => new(_key, 0, []);

    public async Task<Answer<RoomDetails>> Create(RoomSettings settings)
    {
        if (IsPermanent || _creating)
            return new Refusal(RefusalCode.RoomExists, $"The room {_key} exists already. 'roomctl rooms set' changes it.");
        _creating = true;
        try
        {
            return await Keep(_ => settings);
        }
        finally
        {
            _creating = false;
        }
    }

    public async Task<Answer<RoomDetails>> Set(RoomSettings changes)
    {
        if (!Exists)
            return UnknownRoom();
        return await Keep(old => SettingsRules.Merge(old, changes));
    }

    public async Task<Answer> Close(string reason)
    {
        if (!Exists)
            return UnknownRoom();
        reason = Words.Printable(reason, AskedToLeave);
        var (closedAt, permanent) = (Now, IsPermanent);
        if (permanent)
        {
            await _store.Clear();
            await Register.SetPermanent(_key.Room, null);
        }
        _closedAt = closedAt;
        PutOut(_seats.Members.ToList(), reason);
        GrainFactory.GetDirectory(_key.Application).ReportRoom(Summary(), gone: true).Ignore();
        _inDirectory = false;
        Log.Closed(_logger, _key, reason);
        return Answer.Done;
    }

    public Task<Answer> Kick(ConnectionId connection, string reason)
    {
        if (_seats.Find(connection) is not { } member)
            return Task.FromResult<Answer>(new Refusal(RefusalCode.NotAMember, $"There is no member {connection} in {_key}. 'roomctl rooms show {_key}' lists them."));
        PutOut([member], Words.Printable(reason, AskedToLeave));
        return Task.FromResult(Answer.Done);
    }

    public async Task<Answer<RoomDetails>> Describe()
    {
        await _gathered;
        return Exists ? Details() : UnknownRoom();
    }

    public Task Follow(ApplicationSettings settings)
    {
        _application = settings;
        Changed();
        return Task.CompletedTask;
    }

    private async Task<Answer<RoomDetails>> Keep(Func<RoomSettings, RoomSettings> change)
    {
        var settings = change(_store.Value.Settings ?? new RoomSettings());
        if (SettingsRules.Check(settings) is { } wrong)
            return wrong;
        // The directory first, for it knows whether there is such an application. Should the write of the room's own state fail, the
        // next activation of the room corrects the directory.
        var registered = await Register.SetPermanent(_key.Room, settings);
        if (!registered.IsDone)
            return registered.Refusal;
        await _store.Change(state => state with { Settings = change(state.Settings ?? new RoomSettings()) });
        _closedAt = null;
        Changed();
        return Details();
    }

    /// <summary>
    /// Asks all nodes who is in this room. It may be new, or it may have lost its memory with a silo: it can't know. Until all have answered,
    /// or did not in time, no seat is given away, so that the capacity holds.
    /// </summary>
    private async Task Gather()
    {
        try
        {
            // The silo that had this room may have had the cluster grain, too: it takes some calls until that one is back.
            using var patience = new CancellationTokenSource(_options.GatherTime + ClusterGrain.Listening, _clock);
            var observers = await Retry.Unreachable(() => GrainFactory.GetCluster().ListObservers().WaitAsync(patience.Token), _clock, _ => { }, patience.Token);
            if (observers.Length == 0)
                return;
            foreach (var observer in observers)
                observer.ReportNow(_key).Ignore();
            _asked = observers.Length;
            if (_nodes.Count < _asked)
                await _allAnswered.Task.WaitAsync(_options.GatherTime, _clock);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or OperationCanceledException)
        {
            Log.NotAllAnswered(_logger, _key, _nodes.Count, _options.GatherTime.TotalSeconds);
        }
    }

    private void PutOut(IReadOnlyList<Member> members, string reason)
    {
        foreach (var member in members)
            _seats.Release(member.Id, reason, Now);
        // A node that can't be reached now reports these members again, and is told then.
        foreach (var node in members.GroupBy(m => m.Node, m => m.Id, StringComparer.Ordinal))
            _nodes.Observer(node.Key)?.Disconnect(_key, [.. node], reason).Ignore();
        Changed();
    }

    private void Tell(Superseded old) => _nodes.Observer(old.Node)?.Superseded(new StreamKey(_key, old.Stream), old.Epoch).Ignore();

    private Task Tick()
    {
        var now = Now;
        _nodes.Expire(now);
        if (_seats.Expire(now) is > 0 and var lost)
        {
            Log.LeaseEnded(_logger, _key, lost);
            Changed();
        }
        _streams.Expire(_seats.Contains, now);
        if (_closedAt is { } closed ? now - closed >= ClosedTime : _gathered.IsCompleted && !IsPermanent && _seats.Count == 0 && now - _emptySince >= _options.EmptyRoomTime)
            Leave();
        else if (Exists && now - _reportedAt >= RenewPeriod)
            Tell();
        return Task.CompletedTask;
    }

    private void Leave()
    {
        if (_inDirectory)
            GrainFactory.GetDirectory(_key.Application).ReportRoom(Summary(), gone: true).Ignore();
        _inDirectory = false;
        DeactivateOnIdle();
    }

    /// <summary>After every change of who is here, what is published, or the settings.</summary>
    private void Changed()
    {
        _streams.Expire(_seats.Contains, Now);
        _metrics.Members(_seats.Count - _countedMembers);
        _countedMembers = _seats.Count;
        if (_seats.Count > 0)
            _emptySince = Now;
        if (Exists || _inDirectory)
            Tell();
    }

    private void Tell()
    {
        if (_closedAt is not null)
            return;
        (_reportedAt, _inDirectory) = (Now, true);
        GrainFactory.GetDirectory(_key.Application).ReportRoom(Summary(), gone: false).Ignore();
    }

    private RoomSummary Summary()
    {
        var settings = Settings;
        return new RoomSummary
        {
            Room = _key,
            Members = _seats.Count,
            Capacity = settings.Capacity,
            Streams = _streams.Count,
            WaitingRoom = settings.WaitingRoom,
            Closed = _closedAt is not null,
            Permanent = IsPermanent,
            Title = settings.Title,
        };
    }

    private RoomDetails Details() =>
        new(Summary(), Settings, [.. _seats.Members], [.. _streams.Streams.Select(s => s with { Players = _nodes.Players(s.Name) })]);

    private Refusal UnknownRoom() => new(RefusalCode.UnknownRoom, $"There is no room {_key}: nobody created it, and nobody is in it.");

    private static partial class Log
    {
        [LoggerMessage(1400, LogLevel.Information, "Room {Room} has been closed: {Reason}")]
        public static partial void Closed(ILogger logger, RoomKey room, string reason);

        [LoggerMessage(1401, LogLevel.Warning, "Room {Room}: {Answered} nodes said who is in it within {Seconds} s, others did not; their members come with their next report")]
        public static partial void NotAllAnswered(ILogger logger, RoomKey room, int answered, double seconds);

        [LoggerMessage(1402, LogLevel.Warning, "Room {Room}: {Members} members have gone with a node that stopped reporting")]
        public static partial void LeaseEnded(ILogger logger, RoomKey room, int members);
    }
}
