using RoomGrains.Grains.Rooms;

namespace RoomGrains.Grains.Tests.Rooms;

public class SeatTableTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly SeatTable _seats = new(Lease);

    private static DateTimeOffset At(double seconds) => Start.AddSeconds(seconds);

    private static Member NewMember(string node = "a") => new() { Id = ConnectionId.New(), Node = node };

    [Fact]
    public void A_seat_is_the_same_however_often_it_is_asked_for()
    {
        var member = NewMember();
        Assert.True(_seats.TrySeat(member, replaces: null, capacity: 1, At(0)));
        Assert.True(_seats.TrySeat(member, replaces: null, capacity: 1, At(1)));
        Assert.False(_seats.TrySeat(NewMember(), replaces: null, capacity: 1, At(1)));
        Assert.Equal(At(0), Assert.Single(_seats.Members).Since);
    }

    [Fact]
    public void Whose_verdict_still_travels_stays_although_his_node_does_not_know_him_yet()
    {
        var (early, late) = (NewMember(), NewMember());
        _seats.TrySeat(early, replaces: null, 80, At(0));
        _seats.TrySeat(late, replaces: null, 80, At(4));

        _seats.Apply("a", [], At(4.5), out _);
        Assert.Equal(2, _seats.Count);

        _seats.Apply("a", [], At(5), out _);
        Assert.Equal(late.Id, Assert.Single(_seats.Members).Id);
    }

    [Fact]
    public void Who_was_reported_once_leaves_with_the_first_report_without_him()
    {
        var member = NewMember();
        _seats.TrySeat(member, replaces: null, 80, At(0));
        _seats.Apply("a", [member], At(1), out _);
        _seats.Apply("b", [], At(1.5), out _);
        Assert.Equal(1, _seats.Count);

        _seats.Apply("a", [], At(2), out _);
        Assert.Equal(0, _seats.Count);
    }

    [Fact]
    public void Members_the_room_forgot_are_taken_in_beyond_its_capacity()
    {
        _seats.TrySeat(NewMember("b"), replaces: null, capacity: 1, At(0));
        _seats.Apply("a", [NewMember(), NewMember()], At(1), out _);
        Assert.Equal(3, _seats.Count);
        Assert.False(_seats.TrySeat(NewMember(), replaces: null, capacity: 3, At(1)));
    }

    [Fact]
    public void Who_left_is_not_brought_back_by_a_report_that_was_made_before()
    {
        var member = NewMember();
        _seats.TrySeat(member, replaces: null, 80, At(0));
        Assert.True(_seats.Release(member.Id, putOut: null, At(1)));
        Assert.False(_seats.Release(member.Id, putOut: null, At(1)));
        Assert.True(_seats.HasLeft(member.Id));

        Assert.Empty(_seats.Apply("a", [member], At(2), out _));
        Assert.Equal(0, _seats.Count);
    }

    [Fact]
    public void Who_was_put_out_and_is_still_reported_has_not_heard_of_it()
    {
        var member = NewMember();
        _seats.TrySeat(member, replaces: null, 80, At(0));
        _seats.Release(member.Id, putOut: "noise", At(1));

        Assert.Equal((member.Id, "noise"), Assert.Single(_seats.Apply("a", [member], At(2), out _)));
        Assert.Equal(0, _seats.Count);

        _seats.Expire(At(1) + SeatTable.Memory);
        Assert.Empty(_seats.Apply("a", [member], At(40), out _));
        Assert.Equal(1, _seats.Count);
    }

    [Fact]
    public void A_node_that_stops_reporting_loses_its_members_when_the_lease_ends()
    {
        var (a, b) = (NewMember("a"), NewMember("b"));
        _seats.TrySeat(a, replaces: null, 80, At(0));
        _seats.TrySeat(b, replaces: null, 80, At(0));
        _seats.Apply("a", [a], At(3), out _);
        _seats.Apply("b", [b], At(4), out _);
        _seats.Apply("b", [b], At(12), out _);

        Assert.Equal(0, _seats.Expire(At(12.9)));
        Assert.Equal(1, _seats.Expire(At(13)));
        Assert.Equal(b.Id, Assert.Single(_seats.Members).Id);
    }

    [Fact]
    public void A_seat_of_which_no_node_ever_spoke_ends_with_the_lease()
    {
        _seats.TrySeat(NewMember(), replaces: null, 80, At(0));
        Assert.Equal(1, _seats.Expire(At(10)));
    }

    [Fact]
    public void The_new_connection_of_a_member_is_seated_in_a_full_room_and_counts_as_one_with_the_old()
    {
        var (old, anew, other) = (NewMember("a"), NewMember("b"), NewMember());
        _seats.TrySeat(old, replaces: null, capacity: 1, At(0));
        Assert.True(_seats.TrySeat(anew, old.Id, capacity: 1, At(1)));
        Assert.Equal(2, _seats.Count);
        Assert.False(_seats.TrySeat(other, replaces: null, capacity: 1, At(1)));
        Assert.True(_seats.TrySeat(other, replaces: null, capacity: 2, At(1)));
        Assert.True(_seats.Succeeds(anew.Id, old.Id));
        Assert.False(_seats.Succeeds(other.Id, old.Id));
    }

    [Fact]
    public void Of_two_that_say_they_replace_the_same_member_one_is_seated_for_it()
    {
        var (old, first, second) = (NewMember(), NewMember(), NewMember());
        _seats.TrySeat(old, replaces: null, capacity: 1, At(0));
        Assert.True(_seats.TrySeat(first, old.Id, capacity: 1, At(1)));
        Assert.True(_seats.IsReplacedByOther(old.Id, second.Id));
        Assert.False(_seats.IsReplacedByOther(old.Id, first.Id));
        Assert.False(_seats.TrySeat(second, old.Id, capacity: 1, At(1)));

        // The first has left again, and the client tries once more.
        _seats.Release(first.Id, putOut: null, At(2));
        Assert.False(_seats.IsReplacedByOther(old.Id, second.Id));
        Assert.True(_seats.TrySeat(second, old.Id, capacity: 1, At(2)));
    }

    [Fact]
    public void A_media_job_is_in_the_room_and_takes_no_seat()
    {
        var (guest, job) = (NewMember(), NewMember() with { Service = "record" });
        _seats.TrySeat(guest, replaces: null, capacity: 1, At(0));
        Assert.True(_seats.TrySeat(job, replaces: null, capacity: 1, At(0)));
        Assert.Equal(1, _seats.Count);
        Assert.True(_seats.Contains(job.Id));
        Assert.Equal(2, _seats.Members.Count());

        // A room that has forgotten it hears of it again as of everybody; what it is does not change by a report.
        _seats.Apply("a", [guest with { Service = "record" }, job with { Service = "" }, NewMember() with { Service = "hls" }], At(1), out _);
        Assert.Equal(1, _seats.Count);
        Assert.Equal(["", "hls", "record"], _seats.Members.Select(m => m.Service).Order());

        _seats.Release(guest.Id, putOut: null, At(2));
        Assert.Equal(0, _seats.Count);
        Assert.False(_seats.IsEmpty);
        Assert.True(_seats.TrySeat(NewMember(), replaces: null, capacity: 1, At(2)));
        Assert.False(_seats.TrySeat(NewMember(), replaces: null, capacity: 1, At(2)));

        _seats.Drop("a");
        Assert.True(_seats.IsEmpty);
        Assert.Equal(0, _seats.Count);
    }

    [Fact]
    public void A_media_job_whose_node_is_silent_goes_when_its_lease_ends()
    {
        _seats.TrySeat(NewMember() with { Service = "record" }, replaces: null, 80, At(0));
        Assert.Equal(1, _seats.Expire(At(10)));
        Assert.True(_seats.IsEmpty);
        Assert.Equal(0, _seats.Count);
    }

    [Fact]
    public void A_replaced_member_has_its_seat_for_a_while_and_keeps_it_where_the_new_one_left()
    {
        var (old, anew) = (NewMember(), NewMember());
        _seats.TrySeat(old, replaces: null, capacity: 1, At(0));
        _seats.TrySeat(anew, old.Id, capacity: 1, At(1));
        Assert.Empty(_seats.Replaced(At(10.9)));
        Assert.Equal(old.Id, Assert.Single(_seats.Replaced(At(11))).Id);
        _seats.Release(anew.Id, putOut: null, At(11));
        Assert.Empty(_seats.Replaced(At(12)));
        Assert.True(_seats.Contains(old.Id));
    }
}
