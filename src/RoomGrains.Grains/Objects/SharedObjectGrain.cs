using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using RoomGrains.Grains.Placement;
using RoomGrains.Grains.Storage;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Objects;

/// <summary>What is durable about a persistent shared object.</summary>
[GenerateSerializer, Alias("RoomGrains.Grains.SharedObjectState")]
internal sealed record SharedObjectState
{
    [Id(0)] public bool Persistent { get; init; }
    [Id(1)] public long Version { get; init; }
    [Id(2)] public ImmutableArray<SharedObjectSlot> Slots { get; init; } = [];
}

/// <summary>
/// A remote shared object. Reentrant: what its calls await is the room's word when somebody begins to use it, and writes, which nobody waits for.
/// What is persistent is written behind, about once a second; a silo that is killed takes the last second with it. What is not persistent ends
/// with its last subscriber, or with its silo: the nodes notice, and their clients are told to forget it.
/// </summary>
[LoadPlacement, Reentrant]
internal sealed partial class SharedObjectGrain(
    [PersistentState("object")] IPersistentState<SharedObjectState> state, IOptions<SharedObjectOptions> options, GrainMetrics metrics,
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock, ILogger<SharedObjectGrain> logger) : Grain, ISharedObjectGrain, ISharedObjectLife
{
    private static readonly TimeSpan TickPeriod = TimeSpan.FromSeconds(1);

    private readonly StateStore<SharedObjectState> _store = new(state);
    private SharedObjectKey _key;
    private SharedSlots _slots = null!;
    private SharedObjectFeed _feed = null!;
    private ObjectRules? _rules;
    private DateTimeOffset _openedAt;
    private bool? _persistent;
    private bool _opening;
    private bool _unwritten;

    private IRoomObjects Room => GrainFactory.GetGrain<IRoomObjects>(_key.Room.ToString());

    /// <summary>The room keeps what the server does: this grain is only asked for it.</summary>
    private bool IsBuiltIn => SharedObjectNames.IsBuiltIn(_key.Name);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (!SharedObjectKey.TryParse(this.GetPrimaryKeyString(), out _key))
            throw new ArgumentException($"'{this.GetPrimaryKeyString()}' is no shared object: write application/room/object.");
        Reset();
        if (_store.Value.Persistent)
        {
            _persistent = true;
            _slots.Load(_store.Value.Version, _store.Value.Slots);
        }
        metrics.SharedObjects(1);
        this.RegisterGrainTimer(Tick, new GrainTimerCreationOptions(TickPeriod, TickPeriod) { Interleave = true });
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        metrics.SharedObjects(-1);
        if (_persistent == false)
            Room.CloseObject(_key.Name).Ignore();
        await Write();
    }

    public async Task<Answer<SharedObjectContents>> UseObject(SharedObjectUse use)
    {
        if (IsBuiltIn)
            return await GrainFactory.GetRoom(_key.Room).UseObject(use);
        if (_persistent is { } persistent && persistent != use.Persistent)
            return OtherKind(persistent);
        if (_feed.IsEmpty || _persistent is null || _rules is null)
        {
            // The first one, and who comes while it is asked for: each hears the room's own word.
            _opening = true;
            try
            {
                if (await Open(use.Persistent) is { } refused)
                    return refused;
            }
            finally
            {
                _opening = false;
            }
            if (_persistent is { } decided && decided != use.Persistent)
                return OtherKind(decided);
            _persistent = use.Persistent;
            _unwritten |= use.Persistent && !_store.Value.Persistent;
        }
        if (use.Member is not null && _rules!.Read(_key.Name, use.Role) is { } unread)
            return unread;
        _feed.Follow(use);
        return Contents();
    }

    public Task ReleaseObject(string name, string node)
    {
        _feed.Leave(node);
        EndUnused();
        return Task.CompletedTask;
    }

    public Task<SharedObjectStamp> RenewObject(SharedObjectUse use)
    {
        // An activation that knows nothing yet asks the room when the node, seeing another epoch, asks for the whole.
        return Task.FromResult(_persistent is null ? _feed.Stamp() : _feed.Follow(use));
    }

    public async Task<Answer<ImmutableArray<SharedObjectRefusal>>> Change(ConnectionId? origin, MemberRole role, ImmutableArray<SharedObjectChange> changes)
    {
        if (IsBuiltIn)
            return new Refusal(RefusalCode.NotPermitted, $"The object {_key.Name} is kept by the server.");
        // One that has just come up elsewhere does not know yet who may.
        if (_persistent is { } kept && _rules is null && origin is not null && await Open(kept) is { } unopened)
            return unopened;
        if (_persistent is null)
            return Unknown();
        var refused = new List<SharedObjectRefusal>();
        var before = _slots.Version;
        _feed.Tell(_slots.Apply(origin, role, changes, refused));
        _unwritten |= _persistent == true && _slots.Version != before;
        foreach (var refusal in refused)
            metrics.LimitHit(refusal.Refusal.Code == RefusalCode.ObjectLimit ? "shared-object" : "shared-object-access");
        return refused.ToImmutableArray();
    }

    public async Task<Answer<SharedObjectContents>> Read()
    {
        if (IsBuiltIn)
            return await GrainFactory.GetRoom(_key.Room).UseObject(new SharedObjectUse { Name = _key.Name, Node = "" });
        return _persistent is null ? Unknown() : Contents();
    }

    public async Task Delete()
    {
        _feed.Tell(_slots.Apply(null, MemberRole.Moderator, [SharedObjectChange.Clear()], []));
        _feed.Stamp();
        (_persistent, _unwritten) = (null, false);
        Reset();
        await _store.Clear();
        DeactivateOnIdle();
    }

    public Task FollowRules(string rules)
    {
        Obey(rules);
        return Task.CompletedTask;
    }

    private async Task Tick()
    {
        _feed.Expire();
        EndUnused();
        if (!_feed.IsEmpty && _persistent is { } persistent && clock.GetUtcNow() - _openedAt >= SharedObjectLease.Renewal)
        {
            // A room that lost its memory counts its objects again; and what it told of its rules may have been lost.
            Open(persistent).Ignore();
        }
        await Write();
    }

    /// <summary>Tells the room that the object is used, and hears its rules.</summary>
    /// <returns>Why the room does not have it; null where it does.</returns>
    private async Task<Refusal?> Open(bool persistent)
    {
        _openedAt = clock.GetUtcNow();
        var opened = await Room.OpenObject(_key.Name, persistent);
        if (!opened.IsDone)
            return opened.Refusal;
        Obey(opened.Value);
        return null;
    }

    /// <summary>Rules that an older silo cannot read leave those that it has: the room has checked them.</summary>
    private void Obey(string text)
    {
        if (ObjectRules.Parse(text) is { } rules)
            _slots.Rules = _rules = rules;
    }

    /// <summary>An object that is not persistent is gone with its last subscriber.</summary>
    private void EndUnused()
    {
        if (!_feed.IsEmpty || _opening || _persistent != false)
            return;
        _persistent = null;
        Reset();
        Room.CloseObject(_key.Name).Ignore();
        DeactivateOnIdle();
    }

    private void Reset()
    {
        _slots = new SharedSlots(_key.Name, options.Value) { Rules = _rules ?? ObjectRules.None };
        _feed = new SharedObjectFeed(_key, clock);
    }

    private async Task Write()
    {
        if (!_unwritten || _persistent != true)
            return;
        _unwritten = false;
        try
        {
            await _store.Change(_ => new SharedObjectState { Persistent = true, Version = _slots.Version, Slots = _slots.Slots });
        }
        catch (Exception e) when (e is DatabaseUnavailableException || Retry.IsInfrastructure(e))
        {
            _unwritten = true;
            Log.NotWritten(logger, _key, e.Message);
        }
    }

    private SharedObjectContents Contents() => new() { Stamp = _feed.Stamp(), Version = _slots.Version, Persistent = _persistent == true, Slots = _slots.Slots };

    private Refusal OtherKind(bool persistent) =>
        new(RefusalCode.WrongPersistence, $"The object {_key} is {(persistent ? "persistent" : "not persistent")}, and is to be asked for as such.");

    private Refusal Unknown() => new(RefusalCode.UnknownObject, $"There is no shared object {_key}: nobody uses it.");

    private static partial class Log
    {
        [LoggerMessage(1450, LogLevel.Warning, "Shared object {Object} could not be written; that is tried again: {Error}")]
        public static partial void NotWritten(ILogger logger, SharedObjectKey @object, string error);
    }
}
