using System.Collections.Frozen;
using RoomGrains.Grains.Directory;

namespace RoomGrains.Grains.Rooms;

/// <summary>What holds in all rooms of the application, as a room has heard it from the directory last.</summary>
/// <param name="application">The application's name.</param>
internal sealed class FollowedRules(string application)
{
    private ModerationTable _bans = ModerationTable.Empty;
    private FrozenSet<string> _revokedKeys = FrozenSet<string>.Empty;

    /// <summary>Which rules they are.</summary>
    public long Version { get; private set; } = -1;

    /// <summary>What rooms without settings of their own have.</summary>
    public ApplicationSettings Settings { get; private set; } = new();

    /// <summary>Whether they are against nobody, as nearly always.</summary>
    public bool ForbidNobody => _bans.HasNoBans && _revokedKeys.Count == 0;

    /// <summary>Takes what the directory says. False where it is what is known already, or older: it has been overtaken on its way.</summary>
    public bool TryFollow(ApplicationRules rules)
    {
        if (rules.Version <= Version)
            return false;
        (Version, Settings, _bans) = (rules.Version, rules.Settings, ModerationTable.Of(rules.Bans));
        _revokedKeys = rules.RevokedKeys.Select(key => key.Id).ToFrozenSet(StringComparer.Ordinal);
        return true;
    }

    /// <summary>Why somebody may be in no room of the application; null where nothing is against it.</summary>
    public Refusal? Refuse(Member member, DateTimeOffset now)
    {
        if (_bans.FindBan(member, now) is { } ban)
            return ModerationRules.Banned(ban, application);
        return member.Identity.StreamKey.Length > 0 && _revokedKeys.Contains(member.Identity.StreamKey)
            ? new Refusal(RefusalCode.InvalidCredentials, "Your stream key has been revoked.")
            : null;
    }
}
