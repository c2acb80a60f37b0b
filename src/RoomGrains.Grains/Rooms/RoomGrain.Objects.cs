using System.Collections.Immutable;
using RoomGrains.Grains.Objects;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Rooms;

/// <summary>Shared objects: those that the room keeps itself, and which others it has.</summary>
internal sealed partial class RoomGrain : IRoomObjects
{
    /// <summary>Between two looks at what has changed for those who follow the roster: in a storm it is sent to everybody some times a second, not with every guest.</summary>
    private static readonly TimeSpan RosterPause = TimeSpan.FromMilliseconds(100);

    private readonly OpenObjects _open = new();
    private RoomRoster _roster = null!;
    private bool _rosterPauses;
    private bool _rosterChanged;

    public async Task<Answer<SharedObjectContents>> UseObject(SharedObjectUse use)
    {
        await _gathered;
        if (!SharedObjectNames.IsBuiltIn(use.Name))
            return new Refusal(RefusalCode.UnknownObject, $"The room {_key} keeps no object {use.Name}.");
        if (use.Persistent)
            return new Refusal(RefusalCode.WrongPersistence, $"The object {use.Name} is kept by the server, and is to be asked for as one that is not persistent.");
        if (!Exists)
            return UnknownRoom();
        if (use.Name == SharedObjectNames.Waiting && use.Member is { } asks && !(_seats.Find(asks) is { } member && MayApprove(member)))
            return new Refusal(RefusalCode.NotPermitted, $"Who waits for {_key} is shown to who may approve.");
        _roster.Keep(Details(), use.Name);
        return _roster.Follow(use);
    }

    public Task ReleaseObject(string name, string node)
    {
        _roster.Leave(name, node);
        return Task.CompletedTask;
    }

    public Task<SharedObjectStamp> RenewObject(SharedObjectUse use) => Task.FromResult(_roster.Renew(use));

    public async Task<Answer<string>> OpenObject(string name, bool persistent)
    {
        await _gathered;
        var durable = _store.Value.Objects;
        if (!Exists)
            return UnknownRoom();
        if (durable.Contains(name) != persistent && (durable.Contains(name) || _open.Contains(name)))
            return new Refusal(RefusalCode.WrongPersistence, $"The object {name} is {(persistent ? "not " : "")}persistent, and is to be asked for as such.");
        if (!durable.Contains(name) && !_open.Contains(name) && durable.Count + _open.Count >= _objectOptions.MaxObjects)
        {
            _metrics.LimitHit("shared-objects");
            return new Refusal(RefusalCode.ObjectLimit, $"The room {_key} has {_objectOptions.MaxObjects} shared objects, and may have no more (SharedObjects:MaxObjects).");
        }
        if (!persistent)
        {
            _open.Note(name, Now);
            return Settings.Objects;
        }
        // Whoever may connect could fill the database through rooms that nobody made.
        if (!IsPermanent)
            return new Refusal(RefusalCode.WrongPersistence, $"The room {_key} was made on the fly and keeps nothing: 'roomctl rooms create {_key}' changes that.");
        await _store.Change(state => state.Objects.Contains(name) ? state : state with { Objects = state.Objects.Add(name) });
        return Settings.Objects;
    }

    public Task CloseObject(string name)
    {
        _open.Remove(name);
        return Task.CompletedTask;
    }

    public async Task<Answer<ImmutableArray<SharedObjectInfo>>> ListObjects()
    {
        await _gathered;
        if (!Exists)
            return UnknownRoom();
        ImmutableArray<SharedObjectInfo> kept = [.. _store.Value.Objects.Select(name => new SharedObjectInfo(name, Persistent: true))];
        return ImmutableArray.CreateRange(kept.Concat(_open.Names.Select(name => new SharedObjectInfo(name, Persistent: false))).OrderBy(info => info.Name, StringComparer.Ordinal));
    }

    /// <summary>The rules have changed. An object that does not hear of it asks within seconds.</summary>
    private void TellObjectRules()
    {
        foreach (var name in _store.Value.Objects.Concat(_open.Names))
            GrainFactory.GetGrain<ISharedObjectLife>(new SharedObjectKey(_key, name).ToString()).FollowRules(Settings.Objects).Ignore();
    }

    /// <summary>The room has been closed for good: what its objects have goes with it.</summary>
    private void DeleteObjects(IEnumerable<string> names)
    {
        foreach (var name in names)
            GrainFactory.GetGrain<ISharedObjectLife>(new SharedObjectKey(_key, name).ToString()).Delete().Ignore();
    }

    /// <summary>Who is here, what is published or what the room is may have changed: who follows that is told, now or in a moment.</summary>
    private void NoteRoster()
    {
        if (!_roster.IsFollowed)
            return;
        _rosterChanged = true;
        if (_rosterPauses)
            return;
        _rosterPauses = true;
        TellRoster().Ignore();
    }

    private async Task TellRoster()
    {
        while (_rosterChanged && !_ended)
        {
            _rosterChanged = false;
            _roster.Keep(Details());
            await Task.Delay(RosterPause, TimeProvider.System, CancellationToken.None);
        }
        _rosterPauses = false;
    }
}
