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
        if (Bans(now).With(ban).Length > ModerationTable.Most)
        {
            metrics.LimitHit("moderation");
            return ModerationRules.TooMany($"The application {Application}");
        }
        await ChangeRules(s => s with { Bans = s.Bans.Current(now).With(ban) });
        Record(ModerationRules.Entry(ban, now));
        return ban;
    }

    public async Task<Answer> Unban(string subject, string by)
    {
        subject = ModerationRules.Subject(subject);
        var now = clock.GetUtcNow();
        if (Bans(now).All(ban => ban.Subject != subject))
            return new Refusal(RefusalCode.NothingToUndo, $"'{PlainText.Of(subject)}' is not banned from {Application}. 'roomctl moderation show {Application}' lists who is.");
        await ChangeRules(s => s with { Bans = s.Bans.Current(now).Without(subject) });
        Record(new AuditEntry(now, ModerationRules.By(by), "unban", subject, ""));
        return Answer.Done;
    }

    public Task<ImmutableArray<Ban>> ListBans() => Task.FromResult(Bans(clock.GetUtcNow()));

    public Task KeyRevoked(string id)
    {
        var now = clock.GetUtcNow();
        return ChangeRules(s => s with { RevokedKeys = [.. s.RevokedKeys.Where(key => now - key.At < RevokedMemory).TakeLast(IStreamKeysGrain.MaxKeys - 1), new RevokedKey(id, now)] });
    }

    private ImmutableArray<Ban> Bans(DateTimeOffset now) => _store.Value.Bans.Current(now);

    private void Record(AuditEntry entry) => GrainFactory.GetAudit(Application).Record(entry, logger).Ignore();
}
