using RoomGrains.Testing;

namespace RoomGrains.Load.Tests;

/// <summary>Several URLs: the clients of a run come to each in turn, and what they see does not depend on the door they came by.</summary>
public sealed class SeveralServersTests(Clip clip)
{
    [Fact]
    public async Task Players_are_spread_in_turn_and_the_publisher_goes_to_the_first()
    {
        await using var cluster = new CrookedServer(doors: 3);
        var report = await LoadScenario.FanOutAsync(Options(cluster), players: 7, cancel: TestLimit.Token());
        Assert.Empty(report.Problems);
        Assert.Equal((7, 7, 1), (report.Clients, report.Players, report.Publishers));
        Assert.Equal(cluster.Urls, report.Urls);
        Assert.Equal([(1, 3), (0, 2), (0, 2)], cluster.Seen.Select(door => (door.Published.Length, door.Played.Length)));
    }

    [Fact]
    public async Task Members_of_every_room_are_spread()
    {
        await using var cluster = new CrookedServer(doors: 2);
        var report = await LoadScenario.RoomsAsync(Options(cluster) with { Flat = true }, rooms: 2, members: 4, watched: 2, TestLimit.Token());
        Assert.Empty(report.Problems);
        Assert.Equal((8, 8, 8), (report.Clients, report.Players, report.Publishers));
        Assert.Equal([(4, 8), (4, 8)], cluster.Seen.Select(door => (door.Published.Length, door.Played.Length)));
        // Nobody was put twice, and nobody left out.
        string[] members = [.. from room in (string[])["crooked1", "crooked2"] from member in (string[])["m1", "m2", "m3", "m4"] select $"{room}-{member}"];
        Assert.Equal(members, cluster.Seen.SelectMany(door => door.Published).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_storm_and_those_who_come_and_go_are_spread()
    {
        await using (var cluster = new CrookedServer(doors: 2))
        {
            var report = await LoadScenario.StormAsync(Options(cluster) with { For = TimeSpan.FromMinutes(1) }, clients: 6, rehearsals: 2, TestLimit.Token());
            Assert.Empty(report.Problems);
            Assert.Equal((6, 6), (report.Clients, report.Players));
            // Three of the six, and one rehearsal, came to each.
            Assert.Equal([(1, 4), (0, 4)], cluster.Seen.Select(door => (door.Published.Length, door.Played.Length)));
        }

        await using (var cluster = new CrookedServer(doors: 2))
        {
            var report = await LoadScenario.ChurnAsync(Options(cluster), clients: 4, rate: 10, TestLimit.Token());
            Assert.Empty(report.Problems);
            // One after the other, so that they differ by one at the most; and the publisher.
            var (first, second) = cluster.Visits is [var a, var b] ? (a - 1, b) : default;
            Assert.Equal(4 + report.Replaced!.Value, first + second);
            Assert.InRange(first - second, 0, 1);
        }
    }

    [Fact]
    public async Task Who_waits_for_an_answer_is_spread()
    {
        await using var cluster = new CrookedServer(doors: 2) { Refusal = before => before == 0 ? "Not you." : null };
        var report = await LoadScenario.PendingAsync(Options(cluster), clients: 6, hold: TimeSpan.FromMinutes(1), cancel: TestLimit.Token());
        Assert.Equal((6, 5, 1), (report.Clients, report.Admitted, report.Rejected));
        Assert.Equal(6, report.AnswerMs!.Count);
        Assert.Equal([3, 3], cluster.Visits);
    }

    [Fact]
    public async Task Of_servers_of_which_one_is_down_it_is_seen_whose_clients_are_missing()
    {
        await using var up = new CrookedServer();
        var down = FreePort.Next();
        var options = Options(up) with { Urls = [up.Urls[0], $"rtmp://127.0.0.1:{down}/live/crooked"] };
        var report = await LoadScenario.FanOutAsync(options, players: 4, cancel: TestLimit.Token());
        Assert.Equal((2, 2), (report.Players, report.Rejected));
        Assert.Equal(2, Assert.Single(report.Ends, end => end.Key.Contains("Connection refused", StringComparison.Ordinal)).Value);
        Assert.Equal(["2 clients were not let in"], report.Problems);

        // The publisher is the first to come: without the first there is no run.
        var error = await Assert.ThrowsAsync<LoadException>(() => LoadScenario.FanOutAsync(options with { Urls = [.. options.Urls.Reverse()] }, players: 4, cancel: TestLimit.Token()));
        Assert.Equal(LoadFailure.Unreachable, error.Failure);
        Assert.Contains($":{down}", error.Message, StringComparison.Ordinal);
    }

    private LoadOptions Options(CrookedServer cluster) => new()
    {
        Urls = cluster.Urls,
        File = clip.Path,
        Warm = TimeSpan.FromMilliseconds(200),
        For = TimeSpan.FromSeconds(1),
    };
}
