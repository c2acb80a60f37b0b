using RoomGrains.Grains.Objects;
using RoomGrains.Hosting;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Grains.Tests.Objects;

/// <summary>What may be put into a shared object, by whom, and how much of it.</summary>
public sealed class SharedSlotsTests
{
    private readonly List<SharedObjectRefusal> _refused = [];
    private readonly ConnectionId _alice = ConnectionId.New();

    [Fact]
    public void A_batch_is_one_version_and_a_send_none()
    {
        var slots = New();
        var first = Apply(slots, SharedObjectChange.Set("a", 1), SharedObjectChange.Set("b", 2));
        Assert.Equal((1, 2, 0), (first.Version, first.Changes.Length, _refused.Count));
        Assert.Equal(2, Apply(slots, SharedObjectChange.Remove("a")).Version);
        var sent = Apply(slots, SharedObjectChange.Send("hello", "you", 2));
        Assert.Equal((2, 1), (sent.Version, sent.Changes.Length));
        Assert.Equal(["b"], slots.Slots.Select(s => s.Name));
    }

    [Fact]
    public void Null_and_undefined_remove_a_slot()
    {
        var slots = New();
        Apply(slots, SharedObjectChange.Set("a", 1), SharedObjectChange.Set("b", 2), SharedObjectChange.Set("c", 3));
        var batch = Apply(slots, SharedObjectChange.Set("a", AmfValue.Null), SharedObjectChange.Set("b", AmfValue.Undefined));
        Assert.All(batch.Changes, change => Assert.Equal(SharedObjectChangeKind.Remove, change.Kind));
        Assert.Equal(["c"], slots.Slots.Select(s => s.Name));
    }

    [Fact]
    public void What_is_cleared_makes_room_again()
    {
        var slots = New(o => o.MaxObjectBytes = 100);
        AmfValue value = new string('x', 60);
        Apply(slots, SharedObjectChange.Set("a", value), SharedObjectChange.Set("b", value));
        Assert.Equal(RefusalCode.ObjectLimit, Assert.Single(_refused).Refusal.Code);
        Assert.Equal("b", _refused[0].Change.Name);
        Apply(slots, SharedObjectChange.Clear(), SharedObjectChange.Set("b", value));
        Assert.Equal(["b"], slots.Slots.Select(s => s.Name));
        // In its place there is room for as much.
        Apply(slots, SharedObjectChange.Set("b", new string('y', 60)));
        Assert.Equal(new string('y', 60), slots["b"].AsString());
        Assert.Single(_refused);
    }

    [Fact]
    public void There_are_so_many_slots_and_no_more()
    {
        var slots = New(o => o.MaxSlots = 2);
        Apply(slots, SharedObjectChange.Set("a", 1), SharedObjectChange.Set("b", 2), SharedObjectChange.Set("c", 3), SharedObjectChange.Set("a", 4));
        Assert.Equal("c", Assert.Single(_refused).Change.Name);
        Assert.Equal(4, slots["a"].AsInteger());
    }

    [Fact]
    public void A_value_has_so_many_bytes_and_a_send_as_many_in_all()
    {
        var slots = New(o => o.MaxSlotBytes = 20);
        AmfValue just = new string('x', 17), long_ = new string('x', 18);
        Apply(slots, SharedObjectChange.Set("a", just), SharedObjectChange.Send("hello", just));
        Assert.Empty(_refused);
        Assert.Empty(Apply(slots, SharedObjectChange.Set("a", long_), SharedObjectChange.Send("hello", just, 1)).Changes);
        Assert.Equal([RefusalCode.ObjectLimit, RefusalCode.ObjectLimit], _refused.Select(r => r.Refusal.Code));
        Assert.Equal(17, _refused[0].Value.AsString()!.Length);
    }

    [Theory, InlineData(""), InlineData("a\nb")]
    public void A_slot_has_a_name(string name)
    {
        Apply(New(), SharedObjectChange.Set(name, 1));
        Assert.Equal(RefusalCode.InvalidName, Assert.Single(_refused).Refusal.Code);
    }

    [Fact]
    public void Slots_of_moderators_are_changed_by_them_alone()
    {
        var slots = New();
        slots.Apply(_alice, MemberRole.Moderator, [SharedObjectChange.Set("_topic", "news")], _refused);
        Assert.Empty(_refused);
        Apply(slots, SharedObjectChange.Set("_topic", "mine"), SharedObjectChange.Remove("_topic"), SharedObjectChange.Clear(), SharedObjectChange.Set("a", 1));
        Assert.Equal([RefusalCode.NotPermitted, RefusalCode.NotPermitted, RefusalCode.NotPermitted], _refused.Select(r => r.Refusal.Code));
        Assert.Equal("news", slots["_topic"].AsString());
        slots.Apply(_alice, MemberRole.Moderator, [SharedObjectChange.Clear()], _refused);
        Assert.Equal((0, 3), (slots.Count, _refused.Count));
        // Nothing of theirs is left: anybody may clear.
        Apply(slots, SharedObjectChange.Clear());
        Assert.Equal(3, _refused.Count);
    }

    [Theory, InlineData(MemberRole.Player), InlineData(MemberRole.Publisher)]
    public void Who_does_not_talk_does_not_write(MemberRole role)
    {
        var slots = New();
        slots.Apply(_alice, role, [SharedObjectChange.Set("a", 1), SharedObjectChange.Send("hello")], _refused);
        Assert.Equal((2, 0), (_refused.Count, slots.Count));
    }

    [Fact]
    public void The_server_may_do_everything()
    {
        var slots = New();
        slots.Apply(null, MemberRole.Player, [SharedObjectChange.Set("_a", 1)], _refused);
        Assert.Empty(_refused);
        Assert.Equal(1, slots.Count);
    }

    private static SharedSlots New(Action<SharedObjectOptions>? configure = null)
    {
        var options = new SharedObjectOptions();
        configure?.Invoke(options);
        return new SharedSlots("notes", options);
    }

    private SharedObjectBatch Apply(SharedSlots slots, params SharedObjectChange[] changes) => slots.Apply(_alice, MemberRole.Member, changes, _refused);
}
