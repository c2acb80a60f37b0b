using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary>A node as its operator meets it: a process with ports, files, signals and words.</summary>
public sealed partial class NodeTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private readonly string _folder = Directory.CreateTempSubdirectory("roomgrains-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_node_tells_its_health_shows_its_metrics_guards_its_dashboard_and_ends_when_asked()
    {
        await using var node = await NodeProcess.StartAsync(["--name", "tests"]);
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
        var cancel = TestContext.Current.CancellationToken;

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(node.Http("/health/live"), cancel)).StatusCode);
        Assert.Equal("ready\n", await http.GetStringAsync(node.Http("/health/ready"), cancel));
        var metrics = await http.GetStringAsync(node.Http("/metrics"), cancel);
        Assert.All((string[])["roomgrains_", "orleans_", "dotnet_gc_collections_total"], name => Assert.Contains(name, metrics));
        // There is room for every combination of tags.
        Assert.DoesNotContain("metric_overflow", metrics);

        // The admin pages are on the admin port only, whatever Host a client claims.
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(node.Http("/dashboard/"), cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(http, node.Http("/dashboard/"), "Host", $"127.0.0.1:{node.AdminPort}")).StatusCode);

        var refused = await http.GetAsync(node.Admin("/dashboard/"), cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        var words = await refused.Content.ReadAsStringAsync(cancel);
        Assert.Contains(Path.Combine(node.DataFolder, "admin-token"), words);
        Assert.DoesNotContain(node.AdminToken, words);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(node.Admin("/dashboard/?token=wrong"), cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(http, node.Admin("/DashboardCounters"), "Authorization", "Bearer wrong")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(http, node.Admin("/dashboard/"), "Authorization", $"Bearer {node.AdminToken}")).StatusCode);

        var admitted = await http.GetAsync(node.Admin($"/dashboard/?token={node.AdminToken}"), cancel);
        Assert.Equal("/dashboard/", admitted.Headers.Location!.ToString());
        var cookie = Assert.Single(admitted.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie);
        Assert.Contains("samesite=strict", cookie);
        Assert.DoesNotContain(node.AdminToken, cookie);
        var page = await SendAsync(http, node.Admin("/dashboard/"), "Cookie", cookie.Split(';')[0]);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("<html", await page.Content.ReadAsStringAsync(cancel));
        foreach (var part in (string[])["index.min.js", "DashboardCounters"])
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(http, node.Admin($"/dashboard/{part}"), "Cookie", cookie.Split(';')[0])).StatusCode);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(node.DataFolder, "admin-token")));

        var output = node.Program.Output;
        Assert.All((string[])["node tests", $":{node.RtmpPort}", $":{node.HttpPort}", node.Rtmp("chat/lobby/alice"), $"--connect 127.0.0.1:{node.ClientGatewayPort}", "admin-token"],
            part => Assert.Contains(part, output));
        Assert.DoesNotContain(node.AdminToken, output);

        Assert.Equal(0, await node.StopAsync());
        Assert.DoesNotContain("Unhandled", node.Program.Output);
        Assert.False(Trouble().IsMatch(node.Program.Output), node.Program.Output);
    }

    [Fact]
    public async Task A_log_of_everything_has_no_admin_token()
    {
        await using var node = await NodeProcess.StartAsync(["--log-level", "Trace"]);
        var token = node.AdminToken;
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(node.Admin($"/dashboard/?token={token}"), TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(0, await node.StopAsync());
        Assert.DoesNotContain(token, node.Program.Output);
    }

    [Fact]
    public async Task A_client_that_asks_on_and_on_and_never_reads_is_ended()
    {
        await using var node = await NodeProcess.StartAsync(environment: new Dictionary<string, string> { ["ROOMGRAINS_Gateway__ConnectTimeout"] = "5m" });
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        var cancel = TestContext.Current.CancellationToken;
        await client.ConnectAsync(IPAddress.Loopback, node.RtmpPort, cancel);
        var handshake = new byte[3073];
        handshake[0] = 3;
        await client.SendAsync(handshake.AsMemory(0, 1537), cancel);
        using var stream = new NetworkStream(client);
        await stream.ReadExactlyAsync(handshake, cancel);
        await client.SendAsync(handshake.AsMemory(1537, 1536), cancel);

        // A ping request: chunk stream 2, time 0, 6 bytes, type 4, stream 0; event 6, time 1.
        byte[] ping = [2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1];
        byte[] pings = [.. Enumerable.Repeat(ping, 10_000).SelectMany(bytes => bytes)];
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            // Some megabytes stand in the buffers of both kernels; 64 MB of answers would have to be in the node's memory.
            for (var sent = 0; sent < 64_000_000;)
                sent += await client.SendAsync(pings, cancel);
        });
        await node.Program.LineAsync(line => line.Contains("[3023]", StringComparison.Ordinal) && line.Contains(nameof(SocketError.NoBufferSpaceAvailable), StringComparison.Ordinal), Limit);
    }

    [Fact]
    public async Task SIGTERM_turns_ready_to_503_and_says_goodbye_to_clients_before_the_process_ends()
    {
        // The client never closes its side, so that the drain lasts long enough to be looked at.
        await using var node = await NodeProcess.StartAsync(environment: new Dictionary<string, string>
        {
            ["ROOMGRAINS_Gateway__Linger"] = "10s", ["ROOMGRAINS_Node__ShutdownDeadline"] = "60s",
        });
        await using var publisher = Ffmpeg.Publish(node.Rtmp("chat/lobby/alice"));
        await node.Program.LineAsync(line => line.Contains("[3022]", StringComparison.Ordinal), Limit);
        publisher.Signal("STOP");
        using var http = new HttpClient();
        // Once before, so that nothing of it is done for the first time in the ten seconds that the drain takes.
        Assert.Equal("ready\n", await http.GetStringAsync(node.Http("/health/ready"), TestContext.Current.CancellationToken));
        await UntilListedAsync(node, " up ");

        node.Program.Signal("TERM");
        await node.Program.LineAsync(line => line.Contains("[3400]", StringComparison.Ordinal), Limit);
        var ready = await http.GetAsync(node.Http("/health/ready"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("draining\n", await ready.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        using (var late = new TcpClient())
            await Assert.ThrowsAsync<SocketException>(async () => await late.ConnectAsync(IPAddress.Loopback, node.RtmpPort, TestContext.Current.CancellationToken));
        await UntilListedAsync(node, " draining ");
        publisher.Signal("CONT");

        Assert.Equal(0, await node.Program.ExitAsync(Limit));
        Assert.NotEqual(0, await publisher.ExitAsync(Limit));
    }

    [Fact]
    public async Task Wrong_settings_are_all_told_and_nothing_starts()
    {
        var file = Path.Combine(_folder, "node.json");
        await File.WriteAllTextAsync(file, """{ "Rooms": { "Capacty": 5 } }""", TestContext.Current.CancellationToken);
        var (code, output) = await RunAsync(["--rtmp-port", "0", "--config", file, "--data", Path.Combine(_folder, "data")], new() { ["ROOMGRAINS_HTTP_PORT"] = "x" });
        Assert.Equal(2, code);
        Assert.Equal(3, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("Did you mean Rooms:Capacity?", output);
        Assert.Contains("Gateway:RtmpPort is '0' (from --rtmp-port)", output);
        Assert.Contains("Node:HttpPort is 'x' (from ROOMGRAINS_HTTP_PORT)", output);
        Assert.False(Directory.Exists(Path.Combine(_folder, "data")));
    }

    [Fact]
    public async Task An_unknown_option_is_told()
    {
        var (code, output) = await RunAsync(["--rtmp-prot", "1935"]);
        Assert.Equal(2, code);
        Assert.Contains("'--rtmp-prot'", output);
        Assert.Contains("--help", output);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_its_option()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var free = FreePort.Several(4);
        var (code, output) = await RunAsync(
            ["--rtmp-port", $"{port}", "--http-port", $"{free[0]}", "--admin-port", $"{free[1]}", "--silo-port", $"{free[2]}", "--gateway-port", $"{free[3]}", "--data", _folder]);
        Assert.Equal(1, code);
        Assert.Equal($"roomgrains: Port {port} for RTMP is in use by another program. Choose another with --rtmp-port or Gateway:RtmpPort.\n", output);
    }

    [Fact]
    public async Task A_damaged_database_is_named_and_left_as_it_is()
    {
        var file = Path.Combine(_folder, "roomgrains.db");
        var damaged = "this was a database once, and somebody may still save it"u8.ToArray();
        await File.WriteAllBytesAsync(file, damaged, TestContext.Current.CancellationToken);
        var ports = FreePort.Several(5);
        var (code, output) = await RunAsync(
            ["--rtmp-port", $"{ports[0]}", "--http-port", $"{ports[1]}", "--admin-port", $"{ports[2]}", "--silo-port", $"{ports[3]}", "--gateway-port", $"{ports[4]}", "--data", _folder]);
        Assert.Equal(1, code);
        Assert.Contains(file, output);
        Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(damaged, await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Json_logs_are_JSON_from_the_first_line_to_the_last()
    {
        await using var node = await NodeProcess.StartAsync(["--log-format", "json"]);
        Assert.Equal(0, await node.StopAsync());
        Assert.All(node.Program.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => System.Text.Json.JsonDocument.Parse(line).Dispose());
    }

    [Fact]
    public async Task Help_and_version_need_no_settings()
    {
        var (code, help) = await RunAsync(["--help"]);
        Assert.Equal(0, code);
        Assert.All(Settings.CommandLine.Table, row => Assert.Contains(row.Name, help));
        (code, var version) = await RunAsync(["--version"]);
        Assert.Equal(0, code);
        Assert.Matches(@"^\d+\.\d+\.\d+", version);
    }

    /// <summary>Asks for the list of nodes until the node is told as it should be.</summary>
    private static async Task UntilListedAsync(NodeProcess node, string state)
    {
        using var nodes = new StringWriter();
        while (!nodes.ToString().Contains(state, StringComparison.Ordinal))
        {
            var code = await Cli.RoomCtl.RunAsync(["nodes", "list", "--timeout", "1m", "--connect", $"127.0.0.1:{node.ClientGatewayPort}"], nodes, nodes);
            Assert.True(code == 0, $"exit code {code}: {nodes}");
        }
    }

    private static async Task<(int Code, string Output)> RunAsync(string[] arguments, Dictionary<string, string>? environment = null)
    {
        await using var program = RunningProgram.Start("dotnet", [NodeProcess.ProgramFile, .. arguments], environment: environment);
        return (await program.ExitAsync(Limit), program.Output);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, Uri uri, string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.TryAddWithoutValidation(header, value);
        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    [GeneratedRegex("^[0-9:.]+ (fail|crit):", RegexOptions.Multiline)]
    private static partial Regex Trouble();
}

internal static class Ffmpeg
{
    /// <summary>Publishes a small picture in real time until it is ended.</summary>
    public static RunningProgram Publish(string url) => RunningProgram.Start("ffmpeg",
    [
        "-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", url,
    ]);
}
