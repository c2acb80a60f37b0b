using RoomGrains.Grains.Objects;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Rooms;

/// <summary>How settings of room, application and node come together, and which values they may have.</summary>
internal static class SettingsRules
{
    private const int MaxTitle = 200;

    /// <summary>More profiles than anybody wants of one stream; each costs its node a slot.</summary>
    private const int MaxAuto = 8;

    /// <summary>The room's own where it has one, else the application's, else the node's.</summary>
    public static EffectiveRoomSettings Resolve(RoomSettings? room, ApplicationSettings application, RoomOptions node)
    {
        var defaults = application.RoomDefaults;
        var waits = room?.WaitingRoom ?? defaults.WaitingRoom ?? node.WaitingRoom;
        return new EffectiveRoomSettings(
            room?.Capacity ?? defaults.Capacity ?? node.Capacity,
            waits,
            room?.Deadline ?? defaults.Deadline ?? (waits ? node.WaitingRoomDeadline : node.Deadline),
            room?.Title ?? defaults.Title ?? "",
            room?.Auto ?? defaults.Auto ?? "",
            room?.PublishBy ?? defaults.PublishBy ?? PublishRule.Anybody,
            room?.StreamsPerMember ?? defaults.StreamsPerMember ?? 0,
            room?.ApproveBy ?? defaults.ApproveBy ?? ApproveRule.Moderators)
        {
            Locked = room?.Locked ?? defaults.Locked ?? false,
            Objects = room?.Objects ?? defaults.Objects ?? "",
        };
    }

    /// <summary>The settings with the changes: what is null in them stays.</summary>
    public static RoomSettings Merge(RoomSettings old, RoomSettings changes) => new()
    {
        Capacity = changes.Capacity ?? old.Capacity,
        WaitingRoom = changes.WaitingRoom ?? old.WaitingRoom,
        Deadline = changes.Deadline ?? old.Deadline,
        Title = changes.Title ?? old.Title,
        Auto = changes.Auto ?? old.Auto,
        PublishBy = changes.PublishBy ?? old.PublishBy,
        StreamsPerMember = changes.StreamsPerMember ?? old.StreamsPerMember,
        ApproveBy = changes.ApproveBy ?? old.ApproveBy,
        Locked = changes.Locked ?? old.Locked,
        Objects = changes.Objects ?? old.Objects,
    };

    /// <summary>What is wrong with the settings, all of it; null when nothing is.</summary>
    public static Refusal? Check(RoomSettings settings)
    {
        List<string> errors = [];
        if (settings.Capacity is { } capacity and not (>= 1 and <= 100_000))
            errors.Add($"A capacity of {capacity} is not possible: give 1 to 100000.");
        if (settings.Deadline is { } deadline && (deadline < TimeSpan.FromSeconds(1) || deadline > TimeSpan.FromHours(1)))
            errors.Add($"A deadline of {deadline} is not possible: give 1 s to 1 h.");
        if (settings.Title is { } title && (title.Length > MaxTitle || title.Any(char.IsControl)))
            errors.Add($"A title has up to {MaxTitle} characters and no control characters.");
        if (settings.Auto is { Length: > 0 } auto && auto.Split(',') is var profiles && (profiles.Length > MaxAuto || !profiles.All(profile => Names.IsValid(profile))))
            errors.Add($"Media jobs that begin by themselves are up to {MaxAuto} names of profiles with commas between them, for example record,hls. {Names.Rule}");
        if (settings.Objects is { } objects && ObjectRules.Parse(objects) is null)
            errors.Add(ObjectRules.Grammar);
        if (settings.StreamsPerMember is { } streams and not (>= 0 and <= 100_000))
            errors.Add($"{streams} streams for each member is not possible: give 0 to 100000.");
        if (settings.PublishBy is { } publish && !Enum.IsDefined(publish))
            errors.Add($"Who may publish is one of {string.Join(", ", Enum.GetNames<PublishRule>())}.");
        if (settings.ApproveBy is { } approve && !Enum.IsDefined(approve))
            errors.Add($"Who may let newcomers in is one of {string.Join(", ", Enum.GetNames<ApproveRule>())}.");
        return errors.Count == 0 ? null : new Refusal(RefusalCode.InvalidSetting, string.Join(' ', errors));
    }

    /// <summary>What differs between two, in words for the audit trail.</summary>
    public static string Difference(EffectiveRoomSettings before, EffectiveRoomSettings after) => string.Join(", ", typeof(EffectiveRoomSettings).GetProperties()
        .Where(property => !Equals(property.GetValue(before), property.GetValue(after)))
        .Select(property => PlainText.Of($"{property.Name}: {property.GetValue(after)}")));
}
