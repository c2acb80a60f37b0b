using RoomGrains.Grains.Directory;

namespace RoomGrains.Grains.Tests.Directory;

public class RoomIndexTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly RoomIndex _rooms = new((name, settings) => Line(name, 0, settings.Capacity ?? 80));

    private static DateTimeOffset At(double seconds) => Start.AddSeconds(seconds);

    private static RoomSummary Line(string room, int members, int capacity = 80, bool waitingRoom = false) =>
        new() { Room = new RoomKey("chat", room), Members = members, Capacity = capacity, WaitingRoom = waitingRoom };

    private string? Best(double at, string? except = null) => _rooms.Best(except, defaultCapacity: 80, At(at));

    [Fact]
    public void The_fullest_room_with_a_free_seat_is_the_best()
    {
        _rooms.Report(Line("empty", 1), At(0));
        _rooms.Report(Line("lively", 79), At(0));
        _rooms.Report(Line("full", 80), At(0));
        Assert.Equal("lively", Best(0));
    }

    [Fact]
    public void A_crowd_is_not_sent_to_one_free_seat()
    {
        _rooms.Report(Line("lively", 79), At(0));
        _rooms.Promise("lively", At(0));
        Assert.Null(Best(0.1));
        Assert.Equal("lively", Best(2));
    }

    [Fact]
    public void Who_has_arrived_is_not_counted_twice()
    {
        _rooms.Report(Line("small", 0, capacity: 3), At(0));
        _rooms.Promise("small", At(0));
        _rooms.Promise("small", At(0));
        _rooms.Report(Line("small", 2, capacity: 3), At(0.1));
        Assert.Equal("small", Best(0.2));
    }

    [Fact]
    public void A_room_that_turned_out_full_is_not_offered_for_a_while()
    {
        _rooms.Report(Line("lobby", 3), At(0));
        Assert.Null(Best(0, except: "lobby"));
        _rooms.Full("lobby", At(0));
        Assert.Null(Best(1));
        Assert.Equal("lobby", Best(2));
    }

    [Fact]
    public void A_waiting_room_is_not_offered()
    {
        _rooms.Report(Line("green", 3, waitingRoom: true), At(0));
        Assert.Null(Best(0));
    }

    [Fact]
    public void A_room_that_somebody_created_is_offered_and_listed_though_empty()
    {
        _rooms.SetPermanent("lobby", new RoomSettings { Capacity = 2 }, At(0));
        Assert.Equal("lobby", Best(0));
        _rooms.Report(Line("lobby", 2, 2), At(0));
        Assert.Null(Best(0));
        _rooms.Forget(At(30));
        Assert.Equal(0, Assert.Single(_rooms.List()).Members);
        _rooms.SetPermanent("lobby", null, At(31));
        Assert.Empty(_rooms.List());
    }

    [Fact]
    public void A_room_that_does_not_renew_itself_is_forgotten()
    {
        _rooms.Report(Line("lobby", 3), At(0));
        _rooms.Forget(At(29.9));
        Assert.Single(_rooms.List());
        _rooms.Forget(At(30));
        Assert.Empty(_rooms.List());
    }

    [Fact]
    public void A_new_name_is_nobodys()
    {
        _rooms.Report(Line("room-1", 80), At(0));
        Assert.Equal("room-3", _rooms.NewName(except: "room-2"));
    }
}
