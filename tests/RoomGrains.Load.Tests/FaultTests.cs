using RoomGrains.Testing;

namespace RoomGrains.Load.Tests;

/// <summary>A whole run against a server that does something wrong: the report must say what, and only that.</summary>
public sealed class FaultTests(Clip clip)
{
    // Two seconds after everybody has joined: everybody has a picture then, and the window ends two seconds later.
    private const int Late = 50;

    [Fact]
    public async Task An_honest_server_has_no_problems()
    {
        await using var server = new CrookedServer();
        var report = await FanOutAsync(server, players: 5);
        Assert.Empty(report.Problems);
        Assert.Equal((5, 5, 5, 1), (report.Clients, report.Players, report.Admitted, report.Publishers));
        Assert.True(report.VideoLatencyMs!.Count > 0 && report.AudioLatencyMs!.Count > 0 && report.JoinMs!.Count == 5 && report.Gigabits > 0);
        Assert.True(report.OwnCpuPercent > 0);
        Assert.Null(report.CpuSecondsPerGigabit);
    }

    [Fact]
    public async Task Media_on_message_stream_0_is_that_of_the_only_stream()
    {
        await using var server = new CrookedServer { MediaOnStreamZero = true };
        var report = await FanOutAsync(server, players: 3);
        Assert.Empty(report.Problems);
        Assert.Equal((3, 0), (report.Players, report.WrongStream));
    }

    [Fact]
    public async Task A_missing_frame_is_seen()
    {
        await using var server = new CrookedServer { Plays = 3, Copies = (published, played, frame) => frame == Late ? 0 : CrookedServer.Honest(published, played, frame) };
        var report = await FanOutAsync(server, players: 3);
        Assert.Equal((3, 0, 0), (report.Gaps, report.Doubles, report.WrongStream));
        Assert.Equal(["3 frames were missing between others"], report.Problems);
    }

    [Fact]
    public async Task A_frame_that_comes_twice_is_seen()
    {
        await using var server = new CrookedServer { Plays = 3, Copies = (published, played, frame) => frame == Late ? 2 : CrookedServer.Honest(published, played, frame) };
        var report = await FanOutAsync(server, players: 3);
        Assert.Equal((0, 3, 0), (report.Gaps, report.Doubles, report.WrongStream));
        Assert.Single(report.Problems);
    }

    [Fact]
    public async Task A_frame_of_somebody_else_is_seen()
    {
        // Once all see what they watch, a frame of m1 goes to everybody.
        await using var server = new CrookedServer { Plays = 8, Copies = (published, played, frame) => published == "m1" && frame == Late ? 1 : CrookedServer.Honest(published, played, frame) };
        var report = await LoadScenario.RoomsAsync(Options(server), rooms: 1, members: 4, watched: 2, TestLimit.Token());
        // Of eight streams that are played two are m1.
        Assert.Equal((0, 0, 6), (report.Gaps, report.Doubles, report.WrongStream));
        Assert.Equal((4, 4), (report.Publishers, report.Players));
        Assert.Single(report.Problems);
    }

    [Fact]
    public async Task Players_that_are_thrown_out_are_seen()
    {
        await using var server = new CrookedServer { Plays = 3, Copies = (published, played, frame) => frame == Late ? -1 : CrookedServer.Honest(published, played, frame) };
        var report = await FanOutAsync(server, players: 3);
        Assert.Equal((3, 0, 0), (report.Dropped, report.Players, report.Rejected));
        Assert.Equal(3, report.Ends.Values.Sum());
        Assert.Equal(["3 clients lost their connection"], report.Problems);
    }

    [Fact]
    public async Task Of_players_that_stopped_reading_it_is_seen_who_was_thrown_out()
    {
        await using var server = new CrookedServer { Plays = 3, Copies = (published, played, frame) => frame == Late ? -1 : CrookedServer.Honest(published, played, frame) };
        var report = await LoadScenario.FanOutAsync(Options(server), players: 3, stalled: 2, cancel: TestLimit.Token());
        Assert.Equal((2, 2, 1), (report.Stalled, report.StalledDropped, report.Dropped));
        // To lose those who stopped reading is no fault.
        Assert.Equal(["1 clients lost their connection"], report.Problems);
    }

    [Fact]
    public async Task A_server_that_says_that_a_live_stream_has_ended_is_seen()
    {
        await using var server = new CrookedServer { Plays = 3, SaysEnded = frame => frame == Late };
        var report = await FanOutAsync(server, players: 3);
        Assert.Equal(3, report.Unpublished);
        Assert.Single(report.Problems);
    }

    [Fact]
    public async Task Players_that_are_refused_are_seen_with_the_reason()
    {
        await using var server = new CrookedServer { Refusal = before => before is 2 or 3 ? "No more today." : null };
        var report = await FanOutAsync(server, players: 4);
        Assert.Equal((2, 0, 2), (report.Rejected, report.Dropped, report.Players));
        Assert.Contains("No more today.", Assert.Single(report.Ends).Key);
        Assert.Single(report.Problems);
    }

    [Fact]
    public async Task A_player_without_a_picture_is_seen()
    {
        await using var server = new CrookedServer { Copies = (_, _, _) => 0 };
        var report = await LoadScenario.StormAsync(Options(server) with { For = TimeSpan.FromSeconds(1) }, clients: 3, rehearsals: 0, TestLimit.Token());
        Assert.Equal((0, 3), (report.Players, report.Admitted));
        Assert.Null(report.AllFirstFramesSeconds);
        Assert.Contains("3 players had no picture", Assert.Single(report.Problems));
    }

    [Fact]
    public async Task A_refused_publisher_ends_the_run_with_the_servers_words()
    {
        await using var server = new CrookedServer { Refusal = _ => "Not you." };
        var error = await Assert.ThrowsAsync<LoadException>(() => FanOutAsync(server, players: 1));
        Assert.Equal(LoadFailure.Refused, error.Failure);
        Assert.Contains("Not you.", error.Message);
    }

    [Fact]
    public async Task Where_nothing_listens_the_error_says_so()
    {
        var error = await Assert.ThrowsAsync<LoadException>(() => LoadScenario.FanOutAsync(
            new LoadOptions { Urls = [$"rtmp://127.0.0.1:{FreePort.Next()}/live"], File = clip.Path }, players: 1, cancel: TestLimit.Token()));
        Assert.Equal(LoadFailure.Unreachable, error.Failure);
        Assert.Contains("Connection refused", error.Message);
    }

    [Fact]
    public async Task A_run_that_is_cancelled_reports_what_it_has()
    {
        await using var server = new CrookedServer();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestLimit.Token());
        var lines = 0;
        var options = Options(server) with
        {
            For = TimeSpan.FromHours(1),
            Progress = line =>
            {
                if (line.Contains("measures", StringComparison.Ordinal) && ++lines == 2)
                    stop.Cancel();
            },
        };
        var report = await LoadScenario.FanOutAsync(options, players: 2, cancel: stop.Token);
        Assert.True(report.EndedEarly);
        Assert.Empty(report.Problems);
        Assert.True(report.Players == 2 && report.VideoFrames > 0 && report.VideoLatencyMs is not null);
    }

    private LoadOptions Options(CrookedServer server) => new()
    {
        Urls = server.Urls,
        File = clip.Path,
        Warm = TimeSpan.FromSeconds(1),
        For = TimeSpan.FromSeconds(3),
    };

    private Task<LoadReport> FanOutAsync(CrookedServer server, int players) => LoadScenario.FanOutAsync(Options(server), players, cancel: TestLimit.Token());
}
