using Microsoft.Extensions.Logging;

namespace RoomGrains.Grains.Rooms;

/// <summary>What owners and moderators do: settings, the end of the room, and of a member's stay.</summary>
internal sealed partial class RoomGrain
{
    private const string AskedToLeave = "You were asked to leave.";

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
        reason = PlainText.Of(reason, AskedToLeave);
        var (closedAt, permanent) = (Now, IsPermanent);
        if (permanent)
        {
            // The directory first, as where it is created: what it refuses does not happen. Should the deletion fail, the room is as it was, and
            // its next activation corrects the directory.
            if (await Register.SetPermanent(_key.Room, null) is { IsDone: false } refused)
                return refused;
            await _store.Clear();
        }
        _closedAt = closedAt;
        PutOut([.. _seats.Members], reason);
        _watchers.NoteClosed();
        _watchers.Tell(_key);
        GrainFactory.GetDirectory(_key.Application).ReportRoom(Summary(), gone: true).Ignore();
        _inDirectory = false;
        Log.Closed(_logger, _key, reason);
        return Answer.Done;
    }

    public Task<Answer> Kick(ConnectionId connection, string reason)
    {
        if (_seats.Find(connection) is not { } member)
            return Task.FromResult<Answer>(new Refusal(RefusalCode.NotAMember, $"There is no member {connection} in {_key}. 'roomctl rooms show {_key}' lists them."));
        PutOut([member], PlainText.Of(reason, AskedToLeave));
        return Task.FromResult(Answer.Done);
    }

    public Task Follow(ApplicationSettings settings)
    {
        var before = Settings;
        _application = settings;
        NoteSettings(before);
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
        var before = Settings;
        await _store.Change(state => state with { Settings = change(state.Settings ?? new RoomSettings()) });
        _closedAt = null;
        NoteSettings(before);
        Changed();
        return Details();
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

    private void NoteSettings(EffectiveRoomSettings before)
    {
        var settings = Settings;
        if (settings == before)
            return;
        _watchers.Note(settings);
        if (settings.Auto != before.Auto)
            foreach (var stream in _streams.Streams)
                NoteAuto(stream);
    }
}
