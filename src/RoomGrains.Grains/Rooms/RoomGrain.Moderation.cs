using Microsoft.Extensions.Logging;
using RoomGrains.Grains.Directory;

namespace RoomGrains.Grains.Rooms;

/// <summary>What owners and moderators do: settings, the end of the room, and of a member's stay.</summary>
internal sealed partial class RoomGrain
{
    private const string AskedToLeave = "You were asked to leave.";

    public async Task<Answer<RoomDetails>> Create(RoomSettings settings, string by)
    {
        if (IsPermanent || _creating)
            return new Refusal(RefusalCode.RoomExists, $"The room {_key} exists already. 'roomctl rooms set' changes it.");
        _creating = true;
        try
        {
            return await Keep(_ => settings, "create", by);
        }
        finally
        {
            _creating = false;
        }
    }

    public async Task<Answer<RoomDetails>> Set(RoomSettings changes, string by)
    {
        if (!Exists)
            return UnknownRoom();
        return await Keep(old => SettingsRules.Merge(old, changes), "set", by);
    }

    public async Task<Answer> Close(string reason, string by)
    {
        if (!Exists)
            return UnknownRoom();
        reason = PlainText.Of(reason, AskedToLeave);
        var (closedAt, objects) = (Now, _store.Value.Objects);
        // The directory first, as where it is created: what it refuses does not happen. Should the deletion fail, the room is as it was, and
        // its next activation corrects the directory.
        if (IsPermanent && await Register.SetPermanent(_key.Room, null) is { IsDone: false } refused)
            return refused;
        if (_store.Value != new RoomState())
            await _store.Clear();
        DeleteObjects(objects);
        _closedAt = closedAt;
        _moderation = ModerationTable.Empty;
        PutOut([.. _seats.Members], reason);
        _watchers.NoteClosed();
        _watchers.Tell(_key);
        GrainFactory.GetDirectory(_key.Application).ReportRoom(Summary(), gone: true).Ignore();
        _inDirectory = false;
        Record("close", by, "", reason);
        Log.Closed(_logger, _key, reason);
        return Answer.Done;
    }

    public Task<Answer> Kick(ConnectionId connection, string reason, string by)
    {
        if (_seats.Find(connection) is not { } member)
            return Task.FromResult<Answer>(NoMember(connection));
        reason = PlainText.Of(reason, AskedToLeave);
        PutOut([member], reason);
        Record("kick", by, ModerationRules.Subject(member.Identity, member.Id), reason);
        return Task.FromResult(Answer.Done);
    }

    public async Task<Answer<Ban>> Ban(Ban ban)
    {
        var checkedBan = ModerationRules.Check(ban, Now);
        if (!checkedBan.IsDone)
            return checkedBan.Refusal;
        ban = checkedBan.Value;
        if (await Lay(lists => lists with { Bans = lists.Bans.With(ban) }) is { } refused)
            return refused;
        Record(ModerationRules.Entry(ban, Now, PutOutUnwanted(_seats.Members)));
        return ban;
    }

    public async Task<Answer> Unban(string subject, string by)
    {
        subject = ModerationRules.Subject(subject);
        if (_moderation.Current(Now).Bans.All(ban => ban.Subject != subject))
            return NothingToUndo("banned", subject);
        return await Undo(lists => lists with { Bans = lists.Bans.Without(subject) }, "unban", by, subject);
    }

    public async Task<Answer<Mute>> Mute(ConnectionId connection, MutedMedia media, TimeSpan? duration, string by)
    {
        await _gathered;
        if (_seats.Find(connection) is not { } member)
            return NoMember(connection);
        if (media == MutedMedia.None || (media & ~MutedMedia.All) != 0 || duration <= TimeSpan.Zero)
            return new Refusal(RefusalCode.InvalidSetting, "A mute is of audio, video or text, for some time or until it is ended.");
        var known = member.Identity.IsKnown;
        var mute = new Mute
        {
            User = known ? member.Identity.User : "",
            Connection = known ? null : connection,
            Media = media,
            By = ModerationRules.By(by),
            At = Now,
            Until = Now + duration,
        };
        if (await Lay(lists => lists.With(mute)) is { } refused)
            return refused;
        Record("mute", by, ModerationRules.Subject(member.Identity, member.Id), $"{media}{(mute.Until is { } until ? $" (until {until:u})" : "")}");
        return mute;
    }

    public async Task<Answer> Unmute(string subject, string by)
    {
        if (_moderation.Current(Now).Mutes.All(mute => mute.Subject != subject))
            return NothingToUndo("muted", subject);
        return await Undo(lists => lists with { Mutes = [.. lists.Mutes.Where(mute => mute.Subject != subject)] }, "unmute", by, subject);
    }

    public async Task<Answer> Remember(string user, string by)
    {
        if (user.Length is 0 or > Identity.MaxUser)
            return new Refusal(RefusalCode.InvalidSetting, "Nobody knows who this is: only a user who came with a token or a stream key can be remembered.");
        var guest = new KnownGuest(user, ModerationRules.By(by), Now);
        if (await Lay(lists => lists.With(guest)) is { } refused)
            return refused;
        Record("remember", by, user, "");
        return Answer.Done;
    }

    public async Task<Answer> Forget(string user, string by)
    {
        if (_moderation.Current(Now).Guests.All(guest => guest.User != user))
            return NothingToUndo("remembered", user);
        return await Undo(lists => lists with { Guests = [.. lists.Guests.Where(guest => guest.User != user)] }, "forget", by, user);
    }

    public Task<Answer<RoomModeration>> DescribeModeration() =>
        Task.FromResult<Answer<RoomModeration>>(Exists || _store.Value.Moderation is not null ? _moderation.Current(Now) : UnknownRoom());

    public async Task Follow(ApplicationRules rules)
    {
        await _gathered;
        var before = Settings;
        if (!_application.TryFollow(rules))
            return;
        NoteSettings(before);
        PutOutUnwanted(_seats.Members);
        Changed();
    }

    /// <summary>What the directory has told may not have come.</summary>
    private async Task AskForRules()
    {
        _rulesAskedAt = Now;
        if (await Register.RulesAfter(_application.Version) is { } newer)
            await Follow(newer);
    }

    private async Task<Answer<RoomDetails>> Keep(Func<RoomSettings, RoomSettings> change, string action, string by)
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
        Record(action, by, "", SettingsRules.Difference(before, Settings));
        return Details();
    }

    /// <summary>Why somebody new does not get in; null where nothing is against it.</summary>
    private Refusal? MayEnter(SeatRequest request, EffectiveRoomSettings settings, DateTimeOffset now)
    {
        var member = request.Member;
        if (member.Service.Length > 0 || _seats.Contains(member.Id))
            return null;
        if (Unwanted(member) is { } unwanted)
            return unwanted;
        // Who was asked by its node to connect anew is nobody new.
        return settings.Locked && member.Identity.Role != MemberRole.Moderator && !(request.Replaces is { } old && _seats.Contains(old))
            ? new Refusal(RefusalCode.RoomLocked, $"The room {_key} is locked: nobody new gets in now.")
            : null;
    }

    /// <summary>Why somebody may not be here; null where nothing is against it.</summary>
    private Refusal? Unwanted(Member member) =>
        _moderation.FindBan(member, Now) is { } ban ? ModerationRules.Banned(ban, _key.ToString()) : _application.Refuse(member, Now);

    /// <summary>Puts out, of these, who may not be here: as who they came in, or as who they publish.</summary>
    /// <returns>How many.</returns>
    private int PutOutUnwanted(IEnumerable<Member> members)
    {
        // As nearly always.
        if (_moderation.HasNoBans && _application.ForbidNobody)
            return 0;
        var published = _streams.Streams.ToLookup(stream => stream.Publisher, stream => new Identity { User = stream.User, StreamKey = stream.StreamKey });
        Refusal? Of(Member member) => member.Service.Length > 0 ? null
            : published[member.Id].Prepend(member.Identity).Select(identity => Unwanted(member with { Identity = identity })).FirstOrDefault(refusal => refusal is not null);
        var unwanted = members.Select(member => (Member: member, Why: Of(member))).Where(found => found.Why is not null).ToArray();
        foreach (var sameWords in unwanted.GroupBy(found => found.Why!.Message, found => found.Member))
            PutOut([.. sameWords], sameWords.Key);
        return unwanted.Length;
    }

    /// <summary>Lays something down, durably. What has run out goes with it.</summary>
    /// <returns>Why not; null when it was done.</returns>
    private async Task<Refusal?> Lay(Func<RoomModeration, RoomModeration> change)
    {
        await _gathered;
        if (!Exists && _store.Value.Moderation is null)
            return UnknownRoom();
        if (ModerationRules.Full(change(_moderation.Current(Now))) is { } full)
        {
            _metrics.LimitHit("moderation");
            return full;
        }
        await _store.Change(state => state with { Moderation = ModerationRules.OrNone(change(ModerationTable.Of(state).Current(Now))) });
        _moderation = ModerationTable.Of(_store.Value);
        NoteMutes();
        return null;
    }

    private async Task<Answer> Undo(Func<RoomModeration, RoomModeration> change, string action, string by, string subject)
    {
        if (await Lay(change) is { } refused)
            return refused;
        Record(action, by, subject, "");
        return Answer.Done;
    }

    /// <summary>Whoever is muted now, and was not, or no more: nodes and watchers hear of it.</summary>
    private void NoteMutes()
    {
        // Asked for with every newcomer, and nearly always nothing.
        if (_mutes.IsEmpty && !_moderation.HasMutes)
            return;
        var now = Now;
        var mutes = _moderation.Muted(_seats.Members, now);
        if (mutes.AsSpan().SequenceEqual(_mutes.AsSpan()))
            return;
        var changed = mutes.Except(_mutes).Concat(_mutes.Except(mutes)).Select(mute => mute.Connection).Distinct().ToArray();
        _mutes = mutes;
        foreach (var connection in changed)
            if (_seats.Find(connection) is { } member)
                _watchers.Note(RoomEventKind.MemberMuted, member with { Muted = _moderation.Muted(member, now) });
        _streams.NoteChange();
        Changed();
    }

    /// <summary>Writes down what was done; nobody waits for it.</summary>
    private void Record(string action, string by, string subject, string details) => Record(new AuditEntry(Now, ModerationRules.By(by), action, subject, details));

    private void Record(AuditEntry entry) => GrainFactory.GetAudit(_key).Record(entry, _logger).Ignore();

    private Refusal NoMember(ConnectionId connection) =>
        new(RefusalCode.NotAMember, $"There is no member {connection} in {_key}. 'roomctl rooms show {_key}' lists them.");

    private Refusal NothingToUndo(string done, string subject) =>
        new(RefusalCode.NothingToUndo, $"'{PlainText.Of(subject)}' is not {done} in {_key}. 'roomctl moderation show {_key}' lists who is, and 'roomctl moderation show {_key.Application}' who is banned from all rooms.");

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
        if (settings.Objects != before.Objects)
            TellObjectRules();
        if (settings.Auto != before.Auto)
            foreach (var stream in _streams.Streams)
                NoteAuto(stream);
    }
}
