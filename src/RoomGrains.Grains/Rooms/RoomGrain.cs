using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using RoomGrains.Applications;
using RoomGrains.Grains.Applications;
using RoomGrains.Grains.Directory;
using RoomGrains.Grains.Nodes;
using RoomGrains.Grains.Placement;
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
/// nodes bring all members to it, over capacity if need be, and of two publications under a name the one with the higher epoch stays. Each
/// tells its nodes other routes; a node takes those with the highest version, and the one that is left, hearing of it, goes beyond it. Of two
/// that write settings the second is told by the storage's version check, and ends. Who watches hears of both, and what is true when it watches anew.
/// </remarks>
[LoadPlacement, Reentrant]
internal sealed partial class RoomGrain : Grain, IRoomGrain, IRoomFollower, IRoomQueue
{
    private static readonly TimeSpan TickPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RenewPeriod = TimeSpan.FromSeconds(10);

    /// <summary>How long a closed room lets nobody in: its members' players and encoders reconnect at once, and would make it anew.</summary>
    private static readonly TimeSpan ClosedTime = TimeSpan.FromSeconds(10);

    /// <summary>How much longer media jobs may be alone in a room than they wait for a stream: by then they should have gone by themselves.</summary>
    private static readonly TimeSpan AloneMargin = TimeSpan.FromMinutes(1);

    private readonly StateStore<RoomState> _store;
    private readonly RoomOptions _options;
    private readonly SharedObjectOptions _objectOptions;
    private readonly GrainMetrics _metrics;
    private readonly SiloLife _silos;
    private readonly RoomApplications _applications;
    private readonly TimeProvider _clock;
    private readonly ILogger<RoomGrain> _logger;
    private readonly SeatTable _seats;
    private readonly StreamTable _streams;
    private readonly NodeTable _nodes;
    private readonly NodeQuestions _questions;
    private readonly TimeSpan _aloneTime;
    private readonly RoomWatchers _watchers;
    private ModerationTable _moderation = ModerationTable.Empty;
    private ImmutableArray<MemberMute> _mutes = [];
    private RoomKey _key;
    private FollowedRules _application = null!;
    private Task _gathered = Task.CompletedTask;
    private RouteTable _routes = null!;
    private Gathering _gathering = null!;
    private AutoJobs _auto = null!;
    private RoomHooks _hooks = null!;
    private MembershipVersion _membership;
    private DateTimeOffset _emptySince;
    private DateTimeOffset _reportedAt;
    private DateTimeOffset _rulesAskedAt;
    private DateTimeOffset? _closedAt;
    private int _countedMembers;
    private bool _inDirectory;
    private bool _reportsSoon;
    private bool _changedSince;
    private bool _memberLeft;
    private bool _creating;
    private bool _ended;

    public RoomGrain(
        [PersistentState("room")] IPersistentState<RoomState> state, IOptions<RoomOptions> options, IOptions<JobOptions> jobs,
        IOptions<SharedObjectOptions> objects, GrainMetrics metrics,
        SiloLife silos, RoomApplications applications, [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock, ILogger<RoomGrain> logger)
    {
        _store = new StateStore<RoomState>(state);
        (_options, _metrics, _silos, _applications, _clock, _logger) = (options.Value, metrics, silos, applications, clock, logger);
        _objectOptions = objects.Value;
        _aloneTime = (jobs.Value.StreamWait > jobs.Value.PublisherGrace ? jobs.Value.StreamWait : jobs.Value.PublisherGrace) + AloneMargin;
        _watchers = new RoomWatchers(clock, logger);
        _seats = new SeatTable(_options.SeatLease)
        {
            Joined = member =>
            {
                _watchers.Note(RoomEventKind.MemberJoined, member);
                _hooks.Joined(member);
            },
            Left = member =>
            {
                _memberLeft = true;
                _hooks.Left(member);
                _watchers.Note(RoomEventKind.MemberLeft, member);
                _clientCalls.Left(member.Id);
            },
        };
        _streams = new StreamTable(_options.TakeoverSilence, _options.MaxStreams)
        {
            Started = stream =>
            {
                _watchers.Note(RoomEventKind.StreamStarted, stream);
                NoteAuto(stream);
            },
            Ended = stream =>
            {
                _watchers.Note(RoomEventKind.StreamEnded, stream);
                _hooks.Unpublished(stream);
                _auto.Forget(stream);
            },
        };
        _nodes = new NodeTable(_options.SeatLease);
        _questions = new NodeQuestions(_nodes, _options.ClaimAnswerTime, clock);
    }

    private bool IsPermanent => _store.Value.Settings is not null;

    private bool Exists => _closedAt is null && (IsPermanent || _seats.Count > 0);

    private EffectiveRoomSettings Settings => SettingsRules.Resolve(_store.Value.Settings, _application.Settings, _options);

    private IRoomRegister Register => GrainFactory.GetGrain<IRoomRegister>(_key.Application);

    private DateTimeOffset Now => _clock.GetUtcNow();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (!RoomKey.TryParse(this.GetPrimaryKeyString(), out _key))
            throw new ArgumentException($"'{this.GetPrimaryKeyString()}' is no room: write application/room.");
        _application = new FollowedRules(_key.Application);
        _application.TryFollow(await Register.Activated(_key.Room, _store.Value.Settings));
        _rulesAskedAt = Now;
        _moderation = ModerationTable.Of(_store.Value);
        _emptySince = Now;
        _routes = new RouteTable(_key, Now);
        _auto = new AutoJobs(_key, GrainFactory, _logger);
        _roster = new RoomRoster(_key, _objectOptions.MaxSlots, _clock);
        _chat = new ChatHistory(_options.ChatHistory, Now);
        _clientCalls = new ClientCalls(_clock);
        _gathering = new Gathering(_key, GrainFactory, _nodes, _options.GatherTime, _clock, _logger);
        _hooks = new RoomHooks(new RoomContext(_key, GrainFactory, () => _seats.Members), _applications.Make(_key.Application), _metrics, _clock, _logger);
        _hooks.Created();
        _metrics.Rooms(1);
        this.RegisterGrainTimer(Tick, new GrainTimerCreationOptions(TickPeriod, TickPeriod) { Interleave = true });
        _gathered = Gather();
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _metrics.Rooms(-1);
        _metrics.Members(-_countedMembers);
        _ended = true;
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
        if (!Exists && !(_application.Settings.CreateRoomsOnTheFly ?? _options.CreateOnTheFly))
            return UnknownRoom();
        if (request.Replaces is { } old && _seats.IsReplacedByOther(old, member.Id))
            return new Refusal(RefusalCode.Denied, "Another connection has come here with the same ticket. Connect without it.");
        if (MayEnter(request, settings, now) is { } refused)
            return refused;
        if (settings.WaitingRoom && !request.Approved && member.Service.Length == 0 && !_seats.Contains(member.Id) && !_moderation.IsKnownGuest(member))
            return new Seat(SeatOutcome.NeedsApproval, settings);
        if (!_seats.TrySeat(member, request.Replaces, settings.Capacity, now))
        {
            _metrics.LimitHit("seats");
            return new Refusal(RefusalCode.RoomFull, $"The room {_key} is full: all {settings.Capacity} seats are taken.");
        }
        NoteMutes();
        Changed();
        return new Seat(SeatOutcome.Seated, settings) { AsksPlays = _hooks.AsksPlays };
    }

    public Task ReleaseSeat(ConnectionId connection)
    {
        if (_seats.Release(connection, putOut: null, Now))
            Changed();
        return Task.CompletedTask;
    }

    public Task<RoomRoutes> Report(NodePresence presence)
    {
        var now = Now;
        if (_silos.IsDead(presence.SiloAddress) || !_nodes.TryReport(presence, now))
            return Task.FromResult(RoutesFor(presence));
        var strays = _seats.Apply(presence.Node, presence.Members, now, out var joined);
        foreach (var stray in strays.GroupBy(s => s.Reason, s => s.Connection))
            _nodes.Observer(presence.Node)?.Disconnect(_key, [.. stray], stray.Key).Ignore();
        foreach (var old in _streams.Apply(presence.Node, presence.Streams, _seats.Contains, now))
            Tell(old);
        _routes.Heard(presence.RoutesVersion);
        // Before all nodes have said who is here, nobody knows who publishes what; then all are looked at.
        if (_gathering.IsDone)
            PutOutUnwanted(joined);
        NoteMutes();
        _streams.NoteChange();
        Changed();
        _gathering.Heard();
        _questions.Heard(presence.Node);
        _clientCalls.Heard();
        return Task.FromResult(RoutesFor(presence));
    }

    public async Task<Answer<RoomDetails>> Watch(IRoomObserver observer)
    {
        await _gathered;
        if (!Exists)
            return UnknownRoom();
        if (_watchers.TryAdd(observer))
            return Details();
        _metrics.LimitHit("watchers");
        return new Refusal(RefusalCode.TooManyWatchers, $"As many watch the room {_key} as may ({RoomWatchers.MaxWatchers}).");
    }

    public Task Unwatch(IRoomObserver observer)
    {
        _watchers.Remove(observer);
        return Task.CompletedTask;
    }

    public async Task<Answer<RoomDetails>> Describe()
    {
        await _gathered;
        return Exists ? Details() : UnknownRoom();
    }

    private async Task Gather()
    {
        await _gathering.Run();
        SendRoutes();
        // Who was in before may have become unwanted while nobody was here to put him out.
        PutOutUnwanted(_seats.Members);
    }

    private Task Tick()
    {
        var now = Now;
        DropDead();
        _nodes.Expire(now);
        if (_seats.Replaced(now) is { Length: > 0 } replaced)
            PutOut(replaced, "You have connected anew.");
        _watchers.Expire();
        _queue.Forget(now);
        _roster.Expire();
        _open.Expire(now);
        if (_seats.Expire(now) is > 0 and var lost)
        {
            Log.LeaseEnded(_logger, _key, lost);
            Changed();
        }
        _memberLeft = true;
        _streams.NoteChange();
        NoteMutes();
        Refresh();
        if (_closedAt is { } closed ? now - closed >= ClosedTime : _gathered.IsCompleted && !IsPermanent && _seats.Count == 0 && now - _emptySince >= _options.EmptyRoomTime)
            End(aloneFor: now - _emptySince - _options.EmptyRoomTime);
        else if (Exists && now - _reportedAt >= RenewPeriod)
            Tell();
        if (now - _rulesAskedAt >= RenewPeriod)
            AskForRules().Ignore();
        return Task.CompletedTask;
    }

    private void DropDead()
    {
        if (_membership == _silos.Version)
            return;
        _membership = _silos.Version;
        foreach (var node in _nodes.RemoveDead(_silos))
        {
            Log.NodeDied(_logger, _key, _seats.Drop(node), node);
            Changed();
        }
    }

    /// <summary>
    /// Ends the room for all but the media jobs that are in it: it is known to nobody then, but remembers them, for what their nodes say of them would make
    /// it anew. They go by themselves, or are put out in the end.
    /// </summary>
    private void End(TimeSpan aloneFor)
    {
        if (_inDirectory && !_silos.IsStopping)
            GrainFactory.GetDirectory(_key.Application).ReportRoom(Summary(), gone: true).Ignore();
        _inDirectory = false;
        if (_seats.IsEmpty)
        {
            DeactivateOnIdle();
        }
        else if (aloneFor >= _aloneTime)
        {
            PutOut([.. _seats.Members], "Nobody has been in this room for some minutes.");
            _emptySince = Now;
        }
    }

    /// <summary>After every change of who is here, what is published, or the settings.</summary>
    private void Changed()
    {
        Refresh();
        if (Exists || _inDirectory)
            Tell();
    }

    /// <summary>What follows from who is here: what is published, where nodes find it, and what is counted.</summary>
    private void Refresh()
    {
        // Nobody's publication ends by an arrival: a storm into a room full of streams is not a storm times streams.
        if (_memberLeft)
            _streams.Expire(_seats.Contains, Now);
        _memberLeft = false;
        if (_streams.TakeChanges() && _routes.Update(_streams.Streams.Select(s => new StreamRoute(s.Name, s.Epoch, s.Origin, _nodes.RelayAddress(s.Origin))), _mutes, Now))
            SendRoutes();
        _metrics.Members(_seats.Count - _countedMembers);
        _countedMembers = _seats.Count;
        if (_seats.Count > 0)
            _emptySince = Now;
        _watchers.Tell(_key);
        _auto.Ask();
        NoteRoster();
    }

    /// <summary>A stream is there, or the room wants other jobs than before.</summary>
    private void NoteAuto(StreamInfo stream)
    {
        // What a job publishes is no stream of a person: a transcode of a transcode of it would have no end.
        if (_seats.Find(stream.Publisher) is { Service.Length: 0 })
            _auto.Note(stream, Settings.Auto);
    }

    private static partial class Log
    {
        [LoggerMessage(1400, LogLevel.Information, "Room {Room} has been closed: {Reason}")]
        public static partial void Closed(ILogger logger, RoomKey room, string reason);

        [LoggerMessage(1402, LogLevel.Warning, "Room {Room}: {Members} members have gone with a node that stopped reporting")]
        public static partial void LeaseEnded(ILogger logger, RoomKey room, int members);

        [LoggerMessage(1403, LogLevel.Warning, "Room {Room}: {Members} members have gone with node {Node}, whose silo is dead")]
        public static partial void NodeDied(ILogger logger, RoomKey room, int members, string node);
    }
}
