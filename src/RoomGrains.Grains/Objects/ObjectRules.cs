using System.Collections.Immutable;

namespace RoomGrains.Grains.Objects;

/// <summary>
/// Who may change and read a room's shared objects, as its settings say it (<see cref="RoomSettings.Objects"/>): <c>NAME[#SLOT]:WRITERS[:READERS]</c>, with commas
/// between the rules. The first one that fits decides; names and slots may end in <c>*</c>.
/// </summary>
internal sealed class ObjectRules
{
    /// <summary>The rule of the rules, for error messages.</summary>
    public const string Grammar = "Rules of shared objects are NAME[#SLOT]:WRITERS[:READERS] with commas between them, for example 'scores:server, poll#vote.*:members, "
        + "notes:moderators:moderators'. Names and slots may end in *; who is everybody, publishers, members, moderators or server; slots have no readers of their own.";

    /// <summary>The most characters of all rules of a room.</summary>
    public const int MaxLength = 2000;

    private static readonly Dictionary<string, Audience> s_audiences = Enum.GetValues<Audience>().ToDictionary(audience => audience.ToString().ToLowerInvariant());

    private readonly ImmutableArray<Rule> _rules;

    private ObjectRules(ImmutableArray<Rule> rules) => _rules = rules;

    /// <summary>Who may, of those who are in the room: these, and who may do more.</summary>
    internal enum Audience
    {
        /// <summary>Whoever sits there.</summary>
        Everybody = MemberRole.Guest,
        Publishers = MemberRole.Publisher,
        Members = MemberRole.Member,
        Moderators = MemberRole.Moderator,
        /// <summary>Nobody: the server's own code, and the operator.</summary>
        Server = MemberRole.Moderator + 1,
    }

    /// <summary>None: members change, and everybody reads, all but what is moderators' by its name.</summary>
    public static ObjectRules None { get; } = new([]);

    /// <summary>Reads rules; null where the text is none.</summary>
    public static ObjectRules? Parse(string text)
    {
        if (text.Length == 0)
            return None;
        if (text.Length > MaxLength)
            return null;
        var rules = text.Split(',', StringSplitOptions.TrimEntries).Select(ParseRule).ToArray();
        return rules.All(rule => rule is not null) ? new ObjectRules([.. rules!]) : null;
    }

    /// <summary>Why somebody may not read an object; null: he may.</summary>
    public Refusal? Read(string name, MemberRole role) => Find(name, "").Readers is var readers && (int)role >= (int)readers
        ? null
        : new Refusal(RefusalCode.NotPermitted, $"The object {name} is read by {Words(readers)} only.");

    /// <summary>Why somebody may not make a change; null: he may.</summary>
    /// <param name="name">The object's name.</param>
    /// <param name="change">What he wants.</param>
    /// <param name="role">What he is.</param>
    /// <param name="slots">The slots that there are: who clears an object must be allowed to change each.</param>
    public Refusal? Write(string name, SharedObjectChange change, MemberRole role, IEnumerable<string> slots)
    {
        if (SharedObjectNames.IsBuiltIn(name))
            return new Refusal(RefusalCode.NotPermitted, $"The object {name} is kept by the server.");
        if (Refuse(name, change.Kind is SharedObjectChangeKind.Set or SharedObjectChangeKind.Remove ? change.Name : "", role) is { } refused)
            return refused;
        return change.Kind == SharedObjectChangeKind.Clear ? slots.Select(slot => Refuse(name, slot, role)).FirstOrDefault(refusal => refusal is not null) : null;
    }

    private Refusal? Refuse(string name, string slot, MemberRole role)
    {
        var writers = Find(name, slot).Writers;
        return (int)role >= (int)writers
            ? null
            : new Refusal(RefusalCode.NotPermitted, $"{(slot.Length > 0 ? $"The slot {PlainText.Of(slot)} of {name}" : $"The object {name}")} is changed by {Words(writers)} only.");
    }

    private Rule Find(string name, string slot)
    {
        foreach (var rule in _rules)
            if (rule.Slot.Length > 0 ? slot.Length > 0 && Fits(rule.Name, name) && Fits(rule.Slot, slot) : Fits(rule.Name, name))
                // A rule for the whole object says nothing of slots that are moderators' by their name.
                return rule.Slot.Length == 0 && IsGuarded(slot) && rule.Writers < Audience.Moderators ? rule with { Writers = Audience.Moderators } : rule;
        return new Rule(name, slot, IsGuarded(slot) ? Audience.Moderators : Audience.Members, Audience.Everybody);
    }

    /// <summary>Whether only moderators change a slot where no rule says otherwise: its name says so.</summary>
    private static bool IsGuarded(string slot) => slot.StartsWith('_');

    private static bool Fits(string pattern, string text) =>
        pattern.EndsWith('*') ? text.AsSpan().StartsWith(pattern.AsSpan(..^1), StringComparison.Ordinal) : text == pattern;

    private static Rule? ParseRule(string text)
    {
        var parts = text.Split(':', StringSplitOptions.TrimEntries);
        if (parts.Length is not (2 or 3))
            return null;
        var hash = parts[0].IndexOf('#', StringComparison.Ordinal);
        var (name, slot) = hash < 0 ? (parts[0], "") : (parts[0][..hash], parts[0][(hash + 1)..]);
        // Where it ends in *, a name begins like that.
        if (!SharedObjectKey.IsValidName(name.EndsWith('*') ? $"{name[..^1]}x" : name) || (hash >= 0 && (slot.Length == 0 || slot.Any(char.IsControl) || parts.Length == 3)))
            return null;
        if (!s_audiences.TryGetValue(parts[1].ToLowerInvariant(), out var writers))
            return null;
        var readers = Audience.Everybody;
        return parts.Length == 2 || s_audiences.TryGetValue(parts[2].ToLowerInvariant(), out readers) ? new Rule(name, slot, writers, readers) : null;
    }

    private static string Words(Audience audience) => audience == Audience.Server ? "the server" : audience.ToString().ToLowerInvariant();

    private sealed record Rule(string Name, string Slot, Audience Writers, Audience Readers);
}
