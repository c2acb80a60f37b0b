using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using RoomGrains.Grains.Rooms;
using RoomGrains.Grains.Storage;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Directory;

/// <summary>
/// The directory of one application. Reentrant: the only thing its calls ever await is a write of its own settings, and nobody else has to
/// wait for that. The first load of its state is slow where the database is; callers wait for it and are served then.
/// </summary>
/// <remarks>
/// Two activations can exist for a moment when the cluster is torn. Both send guests to rooms, which themselves have the say over seats;
/// of two that write settings the second is told by the storage's version check, and ends. Each lists the rooms and the pending that report to
/// it, which all do again within ten seconds.
/// </remarks>
[Reentrant]
internal sealed partial class DirectoryGrain(
    [PersistentState("application")] IPersistentState<ApplicationState> state,
    IOptions<RoomOptions> rooms,
    IOptions<AdmissionOptions> admission,
    GrainMetrics metrics,
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock,
    ILogger<DirectoryGrain> logger) : Grain, IDirectoryGrain, IRoomRegister
{
    private static readonly TimeSpan ForgetPeriod = TimeSpan.FromSeconds(5);

    private readonly StateStore<ApplicationState> _store = new(state);
    private readonly PendingIndex _pending = new();
    private RoomIndex _rooms = null!;
    private bool _registered;

    private string? _application;

    // Orleans makes the text anew each time.
    private string Application => _application ??= this.GetPrimaryKeyString();

    private ApplicationSettings Settings => _store.Value.Settings;

    private ApplicationRules Rules => new()
    {
        Version = _store.Value.RulesVersion, Settings = Settings, Bans = _store.Value.Bans, RevokedKeys = _store.Value.RevokedKeys,
    };

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _rooms = new RoomIndex((name, own) =>
        {
            var settings = SettingsRules.Resolve(own, Settings, rooms.Value);
            return new RoomSummary { Room = Key(name), Capacity = settings.Capacity, WaitingRoom = settings.WaitingRoom, Title = settings.Title, Permanent = true };
        });
        foreach (var (name, settings) in _store.Value.Rooms)
            _rooms.SetPermanent(name, settings, clock.GetUtcNow());
        this.RegisterGrainTimer(Forget, new GrainTimerCreationOptions(ForgetPeriod, ForgetPeriod) { Interleave = true });
        return Task.CompletedTask;
    }

    public Task<Answer<RoomAssignment>> Assign(string? room, string? except) => Task.FromResult(Find(room, except));

    public Task ReportRoom(RoomSummary room, bool gone)
    {
        if (gone)
            _rooms.Remove(room.Room.Room);
        else
            _rooms.Report(room, clock.GetUtcNow());
        // Not when somebody asks for a room: names come from clients, and the cluster's list is durable.
        if (room.Members > 0)
            Register().Ignore();
        return Task.CompletedTask;
    }

    public Task<ApplicationRules> Activated(string room, RoomSettings? settings)
    {
        // Corrects what a crash between the two writes of a room's creation or end has left. The room needn't wait for it.
        if (_store.Value.Rooms.GetValueOrDefault(room) != settings)
            Keep(room, settings).Ignore();
        return Task.FromResult(Rules);
    }

    public Task<ApplicationRules?> RulesAfter(long version) => Task.FromResult(version < _store.Value.RulesVersion ? Rules : null);

    public async Task<Answer> SetPermanent(string room, RoomSettings? settings)
    {
        if (Unknown() is { } unknown)
            return unknown;
        await Keep(room, settings);
        Register().Ignore();
        return Answer.Done;
    }

    public Task<TimeSpan?> DeadlineOf(string? room) =>
        Task.FromResult((room is null ? null : _store.Value.Rooms.GetValueOrDefault(room)?.Deadline) ?? Settings.RoomDefaults.Deadline);

    public Task ReportPending(PendingSummary pending)
    {
        _pending.Report(pending, clock.GetUtcNow());
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<RoomSummary>> ListRooms() => Task.FromResult(_rooms.List());

    public Task<ImmutableArray<PendingSummary>> ListPending() => Task.FromResult(_pending.List());

    public Task<ApplicationSettings> GetSettings() => Task.FromResult(Settings);

    public async Task<Answer<ApplicationSettings>> SetSettings(ApplicationSettings settings)
    {
        if (Unknown() is { } unknown)
            return unknown;
        if (SettingsRules.Check(settings.RoomDefaults) is { } wrong)
            return wrong;
        await ChangeRules(s => s with { Settings = settings });
        return settings;
    }

    /// <summary>Changes what holds in all rooms, durably, and tells those that have reported. The others ask when they come up, and all again and again.</summary>
    private async Task ChangeRules(Func<ApplicationState, ApplicationState> change)
    {
        await _store.Change(s => change(s) with { RulesVersion = s.RulesVersion + 1 });
        Register().Ignore();
        foreach (var room in _rooms.Active)
            GrainFactory.GetGrain<IRoomFollower>(Key(room).ToString()).Follow(Rules).Ignore();
    }

    private Answer<RoomAssignment> Find(string? room, string? except)
    {
        if (Unknown() is { } unknown)
            return unknown;
        var now = clock.GetUtcNow();
        if (except is not null && _rooms.Contains(except))
            _rooms.Full(except, now);
        if (room is null)
        {
            room = _rooms.Best(except, Settings.RoomDefaults.Capacity ?? rooms.Value.Capacity, now);
            if (room is null && Make(room = _rooms.NewName(except)) is { } full)
                return full.Code == RefusalCode.UnknownRoom ? NoRoomFree() : full;
            _rooms.Promise(room, now);
        }
        else if (!Names.IsValid(room))
        {
            return new Refusal(RefusalCode.InvalidName, $"The room's name is not allowed. {Names.Rule}");
        }
        else if (!_rooms.Contains(room) && Make(room) is { } refusal)
        {
            return refusal;
        }
        return new RoomAssignment(Key(room), Settings);
    }

    /// <summary>Why a room that is not there can't come to be; null when it can.</summary>
    private Refusal? Make(string room)
    {
        if (!(Settings.CreateRoomsOnTheFly ?? rooms.Value.CreateOnTheFly))
            return new Refusal(RefusalCode.UnknownRoom, $"There is no room '{room}' in '{Application}', and rooms are not made on the fly here.");
        if (_rooms.Count < rooms.Value.MaxRooms)
            return null;
        metrics.LimitHit("rooms");
        Log.TooManyRooms(logger, Application, rooms.Value.MaxRooms);
        return new Refusal(RefusalCode.Unavailable, $"'{Application}' has as many rooms as it may have ({rooms.Value.MaxRooms}).");
    }

    private async Task Keep(string room, RoomSettings? settings)
    {
        await _store.Change(s => s with { Rooms = settings is null ? s.Rooms.Remove(room) : s.Rooms.SetItem(room, settings) });
        _rooms.SetPermanent(room, settings, clock.GetUtcNow());
    }

    private Refusal NoRoomFree() =>
        new(RefusalCode.RoomFull, $"No room of '{Application}' has a free seat, and rooms are not made on the fly here.");

    private Refusal? Unknown()
    {
        if (!Names.IsValid(Application))
            return new Refusal(RefusalCode.InvalidName, $"The application's name is not allowed. {Names.Rule}");
        return admission.Value.Applications.Count == 0 || admission.Value.Applications.Contains(Application)
            ? null
            : new Refusal(RefusalCode.UnknownApplication, $"There is no application '{Application}' here.");
    }

    /// <summary>Tells the cluster that this application is in use: once, and again with the next occasion where that failed.</summary>
    private async Task Register()
    {
        if (_registered)
            return;
        _registered = true;
        try
        {
            await GrainFactory.GetCluster().ReportApplication(Application);
        }
        catch (Exception e) when (Retry.IsInfrastructure(e))
        {
            _registered = false;
            Log.NotRegistered(logger, Application, e.Message);
        }
    }

    private Task Forget()
    {
        var now = clock.GetUtcNow();
        _rooms.Forget(now);
        _pending.Forget(now);
        return Task.CompletedTask;
    }

    private RoomKey Key(string room) => new(Application, room);

    private static partial class Log
    {
        [LoggerMessage(1200, LogLevel.Warning, "Application {Application} has {Limit} rooms: no more are made on the fly (Rooms:MaxRooms)")]
        public static partial void TooManyRooms(ILogger logger, string application, int limit);

        [LoggerMessage(1201, LogLevel.Debug, "The cluster could not be told of application {Application}; it is told with the next change: {Error}")]
        public static partial void NotRegistered(ILogger logger, string application, string error);
    }
}
