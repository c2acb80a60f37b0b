using RoomGrains.Grains.Objects;

namespace RoomGrains.Grains.Tests.Objects;

/// <summary>Who changes and reads which object and slot, by a room's rules.</summary>
public sealed class ObjectRulesTests
{
    private const string Rules = "scores:server, poll#vote.*:publishers, poll#_topic:members, poll:moderators, notes*:members:moderators, chat/*:everybody:publishers";

    [Theory]
    // Where no rule fits.
    [InlineData("other", "x", MemberRole.Member, true)]
    [InlineData("other", "x", MemberRole.Publisher, false)]
    [InlineData("other", "_x", MemberRole.Member, false)]
    [InlineData("other", "_x", MemberRole.Moderator, true)]
    // The server's own.
    [InlineData("scores", "x", MemberRole.Moderator, false)]
    [InlineData("scoresheet", "x", MemberRole.Member, true)]
    // The first that fits decides.
    [InlineData("poll", "vote.7", MemberRole.Publisher, true)]
    [InlineData("poll", "vote.7", MemberRole.Player, false)]
    [InlineData("poll", "vote", MemberRole.Member, false)]
    [InlineData("poll", "_topic", MemberRole.Member, true)]
    [InlineData("poll", "x", MemberRole.Moderator, true)]
    // A rule for the whole object leaves moderators what is theirs by its name.
    [InlineData("notes", "x", MemberRole.Member, true)]
    [InlineData("notes2", "_x", MemberRole.Member, false)]
    [InlineData("chat/a", "x", MemberRole.Guest, true)]
    [InlineData("chat", "x", MemberRole.Guest, false)]
    public void Who_changes_a_slot(string name, string slot, MemberRole role, bool may)
    {
        var rules = ObjectRules.Parse(Rules)!;
        Assert.Equal(may, rules.Write(name, SharedObjectChange.Set(slot, 1), role, []) is null);
        Assert.Equal(may, rules.Write(name, SharedObjectChange.Remove(slot), role, []) is null);
    }

    [Fact]
    public void Who_clears_an_object_may_change_each_slot_of_it()
    {
        var rules = ObjectRules.Parse("poll#result:server, poll:members")!;
        Assert.Null(rules.Write("poll", SharedObjectChange.Clear(), MemberRole.Member, ["a", "b"]));
        Assert.Contains("result", rules.Write("poll", SharedObjectChange.Clear(), MemberRole.Moderator, ["a", "result"])!.Message, StringComparison.Ordinal);
        Assert.NotNull(rules.Write("poll", SharedObjectChange.Clear(), MemberRole.Member, ["_a"]));
    }

    [Theory]
    [InlineData("scores", MemberRole.Member, false)]
    [InlineData("poll", MemberRole.Member, false)]
    [InlineData("chat/a", MemberRole.Guest, true)]
    [InlineData("other", MemberRole.Member, true)]
    [InlineData("other", MemberRole.Publisher, false)]
    public void Who_sends_may_change_the_object(string name, MemberRole role, bool may) =>
        Assert.Equal(may, ObjectRules.Parse(Rules)!.Write(name, SharedObjectChange.Send("hello"), role, []) is null);

    [Theory]
    [InlineData("notes", MemberRole.Member, false)]
    [InlineData("notes2", MemberRole.Moderator, true)]
    [InlineData("chat/a", MemberRole.Player, false)]
    [InlineData("chat/a", MemberRole.Publisher, true)]
    [InlineData("poll", MemberRole.Guest, true)]
    [InlineData("other", MemberRole.Guest, true)]
    public void Who_reads(string name, MemberRole role, bool may) => Assert.Equal(may, ObjectRules.Parse(Rules)!.Read(name, role) is null);

    [Theory]
    [InlineData("scores")]
    [InlineData("scores:")]
    [InlineData("scores:nobody")]
    [InlineData(":members")]
    [InlineData("scores#:members")]
    [InlineData("scores:members:members:members")]
    [InlineData("scores#a:members:members")]
    [InlineData("scores:members,")]
    [InlineData("a b:members")]
    [InlineData("a*b:members")]
    [InlineData("-a:members")]
    public void What_is_no_rule_is_refused(string text) => Assert.Null(ObjectRules.Parse(text));

    [Fact]
    public void Rules_have_a_length() => Assert.Null(ObjectRules.Parse(string.Join(',', Enumerable.Repeat("scores:members", 200))));

    [Fact]
    public void All_objects_have_a_pattern() => Assert.NotNull(ObjectRules.Parse("*:server")!.Write("any/thing", SharedObjectChange.Set("x", 1), MemberRole.Moderator, []));
}
