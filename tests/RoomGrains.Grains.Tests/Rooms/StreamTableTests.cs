using RoomGrains.Grains.Rooms;

namespace RoomGrains.Grains.Tests.Rooms;

public class StreamTableTests
{
    private static readonly TimeSpan Takeover = TimeSpan.FromSeconds(3);
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly ConnectionId _alice = ConnectionId.New(), _bob = ConnectionId.New();
    private readonly SeatTable _seats = new(TimeSpan.FromMinutes(1));
    private readonly Dictionary<string, DateTimeOffset> _reports = [];
    private readonly StreamTable _streams = new(Takeover, maxStreams: 2);

    public StreamTableTests()
    {
        foreach (var id in (ConnectionId[])[_alice, _bob])
            _seats.TrySeat(new Member { Id = id, Node = "a" }, replaces: null, 80, Start);
    }

    private static DateTimeOffset At(double seconds) => Start.AddSeconds(seconds);

    private Answer<long> Claim(ConnectionId publisher, string stream, double at, out Superseded? superseded, string node = "a", long? unanswered = null) =>
        _streams.Claim(new StreamClaim(publisher, node, stream), _seats, n => _reports.TryGetValue(n, out var r) ? r : null, unanswered, At(at), out superseded);

    private Superseded[] Report(string node, double at, params StreamInfo[] streams)
    {
        _reports[node] = At(at);
        return [.. _streams.Apply(node, [.. streams], _seats.Contains, At(at))];
    }

    private StreamInfo Info(string name, ConnectionId publisher, long epoch, double silence = 0) =>
        new() { Name = name, Publisher = publisher, Origin = "a", Epoch = epoch, Silence = TimeSpan.FromSeconds(silence) };

    [Fact]
    public void A_name_is_refused_while_its_publisher_lives()
    {
        var epoch = Claim(_alice, "cam", 0, out _).ValueOrThrow();
        Report("a", 1, Info("cam", _alice, epoch, silence: 2.9));

        Assert.Equal(RefusalCode.StreamNameTaken, Claim(_bob, "cam", 1, out var superseded, "b").Refusal!.Code);
        Assert.Null(superseded);
    }

    [Fact]
    public void A_name_is_taken_over_from_a_silent_publisher_and_its_node_is_told()
    {
        var first = Claim(_alice, "cam", 0, out _).ValueOrThrow();
        Report("a", 1, Info("cam", _alice, first, silence: 3));

        var second = Claim(_bob, "cam", 1, out var superseded, "b").ValueOrThrow();
        Assert.True(second > first);
        Assert.Equal(new Superseded("a", "cam", second), superseded);
    }

    [Fact]
    public void A_name_is_taken_over_from_a_node_that_does_not_report()
    {
        Claim(_alice, "cam", 0, out _);
        Assert.False(Claim(_bob, "cam", 4.9, out _, "b").IsDone);
        Assert.True(Claim(_bob, "cam", 5, out _, "b").IsDone);
    }

    [Fact]
    public void A_name_is_taken_over_from_who_is_no_member_any_more()
    {
        Claim(_alice, "cam", 0, out _);
        _seats.Release(_alice, putOut: null, Start);
        Assert.True(Claim(_bob, "cam", 0.1, out _, "b").IsDone);
        Assert.Equal(RefusalCode.NotAMember, Claim(_alice, "cam", 0.2, out _).Refusal!.Code);
    }

    [Fact]
    public void The_same_connection_claims_anew_and_nobody_is_told()
    {
        var first = Claim(_alice, "cam", 0, out _).ValueOrThrow();
        var second = Claim(_alice, "cam", 0, out var superseded).ValueOrThrow();
        Assert.True(second > first);
        Assert.Null(superseded);
        // The report that was made before the answer came must not end the publication that it is about.
        Assert.Empty(Report("a", 0.1, Info("cam", _alice, first)));
        Assert.Equal(second, Assert.Single(_streams.Streams).Epoch);
    }

    [Fact]
    public void Epochs_rise_although_the_clock_goes_back_and_the_room_forgot()
    {
        var ahead = At(1000).UtcTicks;
        Report("b", 0, Info("cam", _bob, ahead));
        Assert.Equal(ahead + 1, Claim(_bob, "cam", 0, out _, "b").ValueOrThrow());
    }

    [Fact]
    public void Of_two_publications_that_a_room_finds_the_newer_one_stays()
    {
        Report("a", 0, Info("cam", _alice, 10));
        Assert.Equal(new Superseded("a", "cam", 20), Assert.Single(Report("b", 0, Info("cam", _bob, 20))));
        Assert.Equal(new Superseded("a", "cam", 20), Assert.Single(Report("a", 1, Info("cam", _alice, 10))));
        var stream = Assert.Single(_streams.Streams);
        Assert.Equal((20, "b"), (stream.Epoch, stream.Origin));
    }

    [Fact]
    public void What_was_released_is_not_brought_back_by_an_older_report()
    {
        var epoch = Claim(_alice, "cam", 0, out _).ValueOrThrow();
        Assert.False(_streams.Release("cam", epoch - 1, At(1)));
        Assert.True(_streams.Release("cam", epoch, At(1)));
        Report("a", 2, Info("cam", _alice, epoch));
        Assert.Empty(_streams.Streams);
    }

    [Fact]
    public void A_claim_whose_answer_still_travels_stays_although_the_report_lacks_it()
    {
        Claim(_alice, "cam", 0, out _);
        Report("a", 4.9);
        Assert.Single(_streams.Streams);
        Report("a", 5);
        Assert.Empty(_streams.Streams);
    }

    [Fact]
    public void A_room_has_as_many_streams_as_it_may()
    {
        Assert.True(Claim(_alice, "one", 0, out _).IsDone);
        Assert.True(Claim(_alice, "two", 0, out _).IsDone);
        Assert.Equal(RefusalCode.TooManyStreams, Claim(_alice, "three", 0, out _).Refusal!.Code);
        Assert.True(Claim(_alice, "two", 0, out _).IsDone);
    }

    [Fact]
    public void The_streams_of_who_left_end()
    {
        Claim(_alice, "one", 0, out _);
        Claim(_bob, "two", 0, out _);
        _seats.Release(_alice, putOut: null, Start);
        _streams.Expire(_seats.Contains, At(0));
        Assert.Equal("two", Assert.Single(_streams.Streams).Name);
    }

    [Fact]
    public void A_name_is_taken_over_from_a_publisher_whose_node_does_not_answer_and_from_nobody_else()
    {
        var first = Claim(_alice, "cam", 0, out _).ValueOrThrow();
        Report("a", 0.1, Info("cam", _alice, first));
        Assert.Equal(RefusalCode.StreamNameTaken, Claim(_bob, "cam", 0.2, out _, "b", unanswered: first - 1).Refusal!.Code);
        var second = Claim(_bob, "cam", 0.2, out var superseded, "b", unanswered: first).ValueOrThrow();
        Assert.Equal(new Superseded("a", "cam", second), superseded);
    }

    [Fact]
    public void The_new_connection_of_a_publisher_takes_his_stream_and_the_old_one_hears_of_it()
    {
        var first = Claim(_alice, "cam", 0, out _).ValueOrThrow();
        Report("a", 0.1, Info("cam", _alice, first));
        var anew = ConnectionId.New();
        _seats.TrySeat(new Member { Id = anew, Node = "b" }, replaces: _alice, 80, At(0.2));
        Assert.Null(_streams.RivalOf(new StreamClaim(anew, "b", "cam"), _seats));
        var second = Claim(anew, "cam", 0.3, out var superseded, "b").ValueOrThrow();
        Assert.Equal(new Superseded("a", "cam", second), superseded);
        Assert.Equal("b", Assert.Single(_streams.Streams).Origin);
    }
}
