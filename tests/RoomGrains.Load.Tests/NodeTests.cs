using System.Globalization;
using System.Text.Json;
using RoomGrains.Cli;
using RoomGrains.Testing;

namespace RoomGrains.Load.Tests;

/// <summary>A real node, to be put under a little load.</summary>
public sealed class NodeFixture : IAsyncLifetime
{
    public NodeProcess Node { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Node = await NodeProcess.StartAsync();

    public ValueTask DisposeAsync() => Node.DisposeAsync();
}

/// <summary>Every scenario as <c>roomctl load</c> against a real node: it ends well, and its JSON has the figures.</summary>
public sealed class NodeTests(NodeFixture fixture, Clip clip) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task Fan_out()
    {
        var report = await LoadAsync("fan-out", Url("live/out"), "--players", "20", "--file", clip.Path, "--warm", "500ms", "--for", "2s", "--server-pid", Process);
        Assert.Equal((20, 20, 1), (Int(report, "clients"), Int(report, "players"), Int(report, "publishers")));
        AssertPercentiles(report, "videoLatencyMs", "audioLatencyMs", "joinMs", "connectMs", "answerMs", "sendDelayMs", "videoIntervalMs");
        foreach (var figure in (string[])["gigabits", "rssIdleMiB", "rssMiB", "rssMaxMiB", "ownCpuPercent", "allFirstFramesSeconds", "allConnectedSeconds"])
            Assert.True(report.GetProperty(figure).GetDouble() > 0, figure);
        foreach (var figure in (string[])["cpuSecondsPerGigabit", "serverCpuPercent", "foreignCpuPercent", "rssPerClientKiB"])
            Assert.Equal(JsonValueKind.Number, report.GetProperty(figure).ValueKind);
        // 20 players of 25 frames a second.
        Assert.True(report.GetProperty("videoLatencyMs").GetProperty("count").GetInt32() > 20 * 25, $"{report}");
    }

    [Fact]
    public async Task Fan_out_with_players_that_stop_reading()
    {
        var report = await LoadAsync("fan-out", Url("live/stall"), "--players", "10", "--stall", "4", "--file", clip.Path, "--warm", "500ms", "--for", "2s");
        Assert.Equal((6, 4, 0), (Int(report, "players"), Int(report, "stalled"), Int(report, "stalledDropped")));
        Assert.Equal(JsonValueKind.Null, report.GetProperty("cpuSecondsPerGigabit").ValueKind);
    }

    [Fact]
    public async Task Rooms()
    {
        var report = await LoadAsync("rooms", Url("chat/evening"), "--rooms", "3", "--members", "5", "--watch", "3", "--file", clip.Path, "--warm", "500ms", "--for", "2s");
        Assert.Equal((15, 15, 15), (Int(report, "clients"), Int(report, "players"), Int(report, "publishers")));
        AssertPercentiles(report, "videoLatencyMs", "audioLatencyMs", "videoIntervalMs");
    }

    [Fact]
    public async Task Chat()
    {
        var report = await LoadAsync("chat", Url("chat/talk"), "--members", "20", "--rate", "5", "--warm", "200ms", "--for", "3s", "--server-pid", Process);
        Assert.Equal((20, 0, 0), (Int(report, "admitted"), Int(report, "linesMissing"), Int(report, "linesDoubled")));
        Assert.True(Int(report, "linesSaid") >= 20 * 5 * 2, $"{report}");
        Assert.Equal(20 * Int(report, "linesSaid"), Int(report, "linesHeard"));
        AssertPercentiles(report, "lineLatencyMs", "connectMs", "answerMs");
        Assert.True(report.GetProperty("cpuMicrosecondsPerLine").GetDouble() > 0);
    }

    [Fact]
    public async Task Storm()
    {
        var report = await LoadAsync("storm", Url("live/storm"), "--clients", "60", "--rehearse", "2", "--file", clip.Path, "--warm", "200ms", "--for", "60s");
        Assert.Equal((60, 60), (Int(report, "players"), report.GetProperty("joinMs").GetProperty("count").GetInt32()));
        // It ends when all have a picture, and those of the rehearsal are not counted.
        Assert.True(report.GetProperty("seconds").GetDouble() < 60);
        Assert.True(report.GetProperty("allFirstFramesSeconds").GetDouble() >= report.GetProperty("allConnectedSeconds").GetDouble());
    }

    [Fact]
    public async Task Churn()
    {
        var report = await LoadAsync("churn", Url("live/churn"), "--clients", "15", "--rate", "10", "--file", clip.Path, "--warm", "200ms", "--for", "2s");
        var replaced = Int(report, "replaced");
        Assert.True(replaced > 0);
        Assert.Equal((15, replaced), (Int(report, "players"), report.GetProperty("connectMs").GetProperty("count").GetInt32()));
    }

    [Fact]
    public async Task Pending_until_approved()
    {
        await CtlAsync(["rooms", "create", "chat/vip", "--waiting-room", "on"]);
        var report = await LoadAsync("pending", Url("chat/vip"), "--clients", "40", "--ramp", "1000", "--hold", "2s", "--approve");
        Assert.Equal(40, Int(report, "admitted"));
        Assert.Equal(40, report.GetProperty("decisionMs").GetProperty("count").GetInt32());
        // The answer came after the hold; the decision was then, too.
        Assert.True(report.GetProperty("answerMs").GetProperty("p50").GetDouble() >= 1900);
    }

    [Fact]
    public async Task Pending_that_nobody_approves_is_a_fault()
    {
        await CtlAsync(["rooms", "create", "chat/closed", "--waiting-room", "on"]);
        var (code, _, error) = await RunAsync(["load", "pending", Url("chat/closed"), "--clients", "3", "--hold", "1s"]);
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains("3 clients had no answer to the end", error);
    }

    [Fact]
    public async Task Pending_decided_by_the_server_and_idle_members()
    {
        var report = await LoadAsync("pending", Url("live/now"), "--clients", "40", "--ramp", "100000", "--hold", "60s");
        Assert.Equal((40, 40), (Int(report, "admitted"), report.GetProperty("answerMs").GetProperty("count").GetInt32()));
        Assert.True(report.GetProperty("seconds").GetDouble() < 60);

        report = await LoadAsync("pending", Url("live/idle"), "--clients", "40", "--ramp", "1000", "--hold", "1s", "--stay", "--server-pid", Process);
        Assert.Equal(40, Int(report, "admitted"));
        Assert.Equal(JsonValueKind.Number, report.GetProperty("rssPerClientKiB").ValueKind);
    }

    [Fact]
    public async Task A_room_that_is_full_is_said_in_the_servers_words()
    {
        await CtlAsync(["rooms", "create", "live/small", "--capacity", "3"]);
        var (code, output, error) = await RunAsync(["load", "fan-out", Url("live/small"), "--players", "4", "--file", clip.Path, "--warm", "200ms", "--for", "1s"]);
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains("2 connections ended: refused: NetConnection.Connect.Rejected", output);
        Assert.Contains("2 clients were not let in.", error);
    }

    [Fact]
    public async Task Text_and_wrong_command_lines()
    {
        var (code, output, error) = await RunAsync(["load", "fan-out", Url("live/text"), "--players", "2", "--file", clip.Path, "--warm", "200ms", "--for", "2s", "--server-pid", Process]);
        Assert.Equal(ExitCodes.Done, code);
        Assert.Contains("fan-out: 2 of 2 clients with a picture", output);
        Assert.Contains("latency of video", output);
        Assert.Contains("0 missing, 0 twice, 0 of another stream", output);
        Assert.Contains("fan-out ", error);

        await UsageAsync("--file", "load", "fan-out", Url("live/text"));
        await UsageAsync("a room of 3", "load", "rooms", Url("live/text"), "--members", "3", "--watch", "3", "--file", clip.Path);
        await UsageAsync("no process", "load", "fan-out", Url("live/text"), "--file", clip.Path, "--server-pid", "999999999");
        await UsageAsync("--players", "load", "fan-out", Url("live/text"), "--players", "0");
        await UsageAsync("which one", "load", "pending", Url("live/text"), "--approve", "--stay");
        await UsageAsync("rtmp://", "load", "storm", "http://127.0.0.1/live", "--file", clip.Path);
    }

    private string Process => fixture.Node.Program.Id.ToString(CultureInfo.InvariantCulture);

    private string Url(string room) => fixture.Node.Rtmp(room);

    private async Task<JsonElement> LoadAsync(params string[] args)
    {
        var (code, output, error) = await RunAsync(["load", .. args, "--json"]);
        Assert.True(code == ExitCodes.Done, $"{error}\n{output}");
        var report = JsonSerializer.Deserialize<JsonElement>(output);
        Assert.Equal(args[0], report.GetProperty("scenario").GetString());
        foreach (var fault in (string[])["gaps", "doubles", "wrongStream", "dropped", "rejected"])
            Assert.Equal(0, Int(report, fault));
        Assert.Equal(0, report.GetProperty("problems").GetArrayLength());
        return report;
    }

    private async Task UsageAsync(string words, params string[] args)
    {
        var (code, _, error) = await RunAsync(args);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains(words, error);
    }

    private async Task CtlAsync(string[] args)
    {
        var (code, _, error) = await RunAsync([.. args, "--timeout", "1m"]);
        Assert.True(code == ExitCodes.Done, error);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(string[] args)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        using var error = new StringWriter(CultureInfo.InvariantCulture);
        var code = await RoomCtl.RunAsync([.. args, "--connect", $"{fixture.Node.ClientGateway}"], output, TextWriter.Synchronized(error)).WaitAsync(TestLimit.Token());
        return (code, output.ToString(), error.ToString());
    }

    private static int Int(JsonElement report, string name) => report.GetProperty(name).GetInt32();

    private static void AssertPercentiles(JsonElement report, params string[] names)
    {
        foreach (var name in names)
        {
            var times = report.GetProperty(name);
            var (p50, p99, max) = (times.GetProperty("p50").GetDouble(), times.GetProperty("p99").GetDouble(), times.GetProperty("max").GetDouble());
            Assert.True(0 <= p50 && p50 <= p99 && p99 <= max, $"{name}: {times}");
        }
    }
}
