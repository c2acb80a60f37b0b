using System.Collections.Immutable;
using RoomGrains.Grains.Rooms;

namespace RoomGrains.Grains.Directory;

/// <summary>What moderators lay down for all rooms of the application. The rooms enforce it: each is told, and asks when it comes up.</summary>
internal sealed partial class DirectoryGrain
{
    /// <summary>Longer than anybody waits who has proved itself with a key before: an hour, as rooms may let it, and the tickets of draining nodes.</summary>
    private static readonly TimeSpan RevokedMemory = TimeSpan.FromHours(2);

    public async Task<Answer<Ban>> Ban(Ban ban)
    {
        if (Unknown() is { } unknown)
            return unknown;
        var now = clock.GetUtcNow();
        var kept = ModerationRules.Check(ban, now);
        if (!kept.IsDone)
            return kept.Refusal;
        ban = kept.Value;
        if (With(ban, now).Length > ModerationTable.Most)
        {
            metrics.LimitHit("moderation");
            return ModerationRules.TooMany($"The application {Application}");
        }
        await ChangeRules(s => s with { Bans = With(ban, now) });
        Record(ModerationRules.Banned(ban, now));
        return ban;
    }

    public async Task<Answer> Unban(string subject, string by)
    {
        subject = ModerationRules.Subject(subject);
        var now = clock.GetUtcNow();
        if (Bans(now).All(ban => ban.Subject != subject))
            return new Refusal(RefusalCode.NothingToUndo, $"'{PlainText.Of(subject)}' is not banned from {Application}. 'roomctl moderation show {Application}' lists who is.");
        await ChangeRules(s => s with { Bans = [.. Bans(now).Where(ban => ban.Subject != subject)] });
        Record(new AuditEntry(now, ModerationRules.By(by), "unban", subject, ""));
        return Answer.Done;
    }

    public Task<ImmutableArray<Ban>> ListBans() => Task.FromResult(Bans(clock.GetUtcNow()));

    public Task KeyRevoked(string id)
    {
        var now = clock.GetUtcNow();
        return ChangeRules(s => s with { RevokedKeys = [.. s.RevokedKeys.Where(key => now - key.At < RevokedMemory).TakeLast(IStreamKeysGrain.MaxKeys - 1), new RevokedKey(id, now)] });
    }

    /// <summary>Those that have not run out.</summary>
    private ImmutableArray<Ban> Bans(DateTimeOffset now) => [.. _store.Value.Bans.Where(ban => !(ban.Until <= now))];

    private ImmutableArray<Ban> With(Ban ban, DateTimeOffset now) => [.. Bans(now).Where(other => other.Subject != ban.Subject), ban];

    private void Record(AuditEntry entry) => GrainFactory.GetAudit(Application).Record(entry, logger).Ignore();
}
