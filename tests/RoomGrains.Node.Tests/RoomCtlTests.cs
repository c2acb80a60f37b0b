using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RoomGrains.Cli;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary>One node for all tests of roomctl, and a grain client that plays the part of a gateway: it asks for admissions.</summary>
public sealed class NodeFixture : IAsyncLifetime
{
    private IHost _client = null!;

    public NodeProcess Node { get; private set; } = null!;

    public IGrainFactory Grains => _client.Services.GetRequiredService<IClusterClient>();

    public async ValueTask InitializeAsync()
    {
        Node = await NodeProcess.StartAsync(
            ["--name", "tests"], environment: new Dictionary<string, string> { ["ROOMGRAINS_Identity__Secret"] = "the secret of these tests, of more than 32 characters" });
        _client = RoomGrainsClient.CreateHost(new ClusterOptions(), Node.ClientGateway).ConfigureLogging(logging => logging.ClearProviders()).Build();
        await _client.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.StopAsync();
        _client.Dispose();
        await Node.DisposeAsync();
    }
}

/// <summary>Every command of roomctl against a real node: text, JSON, exit codes, words.</summary>
public sealed partial class RoomCtlTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly string _application = "app" + Guid.NewGuid().ToString("n")[..8];

    [Fact]
    public async Task Rooms_are_created_shown_listed_changed_and_closed()
    {
        var room = $"{_application}/lobby";
        var created = await JsonAsync("rooms", "create", room, "--capacity", "20", "--waiting-room", "on", "--deadline", "90s", "--title", "The lobby");
        Assert.Equal((20, true, 90.0, "The lobby", true), (
            created.GetProperty("capacity").GetInt32(), created.GetProperty("waitingRoom").GetBoolean(), created.GetProperty("deadlineSeconds").GetDouble(),
            created.GetProperty("title").GetString(), created.GetProperty("permanent").GetBoolean()));

        var text = await DoneAsync("rooms", "show", room);
        Assert.Contains($"{room}  \"The lobby\"", text);
        Assert.Contains("0 of 20 seats taken, 0 streams, waiting room on, deadline 90s, permanent", text);

        var auto = await JsonAsync("rooms", "set", room, "--auto", "record,hls");
        Assert.Equal(["record", "hls"], auto.GetProperty("auto").EnumerateArray().Select(profile => profile.GetString()));
        Assert.Contains("deadline 90s, permanent, every stream: record hls\n", await DoneAsync("rooms", "show", room));
        Assert.Contains("record,hls", await FailsAsync(ExitCodes.Refused, "rooms", "set", room, "--auto=-f"));
        Assert.DoesNotContain("every stream", await DoneAsync("rooms", "set", room, "--auto", "none"));

        var changed = await JsonAsync("rooms", "set", room, "--waiting-room", "off");
        Assert.Equal((20, false, 90.0), (changed.GetProperty("capacity").GetInt32(), changed.GetProperty("waitingRoom").GetBoolean(), changed.GetProperty("deadlineSeconds").GetDouble()));
        Assert.Contains("waiting room off", await DoneAsync("rooms", "set", room, "--capacity", "21"));

        var listed = (await JsonAsync("rooms", "list", _application)).EnumerateArray().Single();
        Assert.Equal((_application, "lobby", 21, 0, 0), (
            listed.GetProperty("application").GetString(), listed.GetProperty("room").GetString(), listed.GetProperty("capacity").GetInt32(),
            listed.GetProperty("memberCount").GetInt32(), listed.GetProperty("streamCount").GetInt32()));
        Assert.Matches($@"^{room} +0/21 +0 +off +permanent +The lobby$", (await DoneAsync("rooms", "list")).Split('\n').Single(line => line.StartsWith(room, StringComparison.Ordinal)));

        Assert.Contains("rooms set", await FailsAsync(ExitCodes.Refused, "rooms", "create", room));
        Assert.Equal($"Closed {room}.\n", await DoneAsync("rooms", "close", room, "--reason", "Good night."));
        Assert.Contains(room, await FailsAsync(ExitCodes.Refused, "rooms", "show", room));
        await DoneAsync("rooms", "create", room);
        Assert.True((await JsonAsync("rooms", "close", room)).GetProperty("closed").GetBoolean());
    }

    [Fact]
    public async Task Settings_that_the_cluster_does_not_allow_are_refused_with_the_rule()
    {
        Assert.Contains("100", await FailsAsync(ExitCodes.Refused, "rooms", "create", $"{_application}/lobby", "--capacity", "1000000"));
        Assert.Contains("deadline", await FailsAsync(ExitCodes.Refused, "rooms", "create", $"{_application}/lobby", "--deadline", "1ms"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("No rooms.", await DoneAsync("rooms", "list", _application));
    }

    [Fact]
    public async Task A_pending_connection_is_listed_shown_and_approved_by_the_end_of_its_id()
    {
        await DoneAsync("rooms", "create", $"{_application}/door", "--waiting-room", "on");
        var (id, verdict) = await AskAsync("door");

        var listed = (await JsonAsync("pending", "list", _application)).EnumerateArray().Single();
        Assert.Equal((id.Value, _application, "door", "pending", "tests/1.0", "192.0.2.7:4242"), (
            listed.GetProperty("id").GetString(), listed.GetProperty("application").GetString(), listed.GetProperty("room").GetString(),
            listed.GetProperty("state").GetString(), listed.GetProperty("client").GetString(), listed.GetProperty("address").GetString()));
        Assert.True(listed.GetProperty("deadline").GetDateTimeOffset() > listed.GetProperty("since").GetDateTimeOffset());
        var line = (await DoneAsync("pending", "list")).Split('\n').Single(l => l.StartsWith(id.Value, StringComparison.Ordinal));
        Assert.All((string[])[$"{_application}/door", "192.0.2.7:4242", "tests/1.0"], part => Assert.Contains(part, line));
        Assert.Contains($"{_application}/door", await DoneAsync("pending", "show", id.Value[^8..]));

        var approved = await JsonAsync("pending", "approve", id.Value[^8..], "--by", "anna");
        Assert.Equal((id.Value, "accept", "door", "anna"), (
            approved.GetProperty("id").GetString(), approved.GetProperty("verdict").GetString(), approved.GetProperty("room").GetString(), approved.GetProperty("decidedBy").GetString()));
        Assert.Equal(VerdictKind.Accept, (await verdict).Kind);

        var shown = await JsonAsync("pending", "show", id.Value);
        Assert.Equal("accepted", shown.GetProperty("state").GetString());
        Assert.Equal("anna", shown.GetProperty("verdict").GetProperty("decidedBy").GetString());
        Assert.NotEmpty(shown.GetProperty("trail").EnumerateArray());
        Assert.Contains("by anna", await DoneAsync("pending", "show", id.Value));
        Assert.Contains("alreadyDecided", await FailsAsync(ExitCodes.Refused, "pending", "approve", id.Value));
    }

    [Fact]
    public async Task A_pending_connection_is_rejected_with_a_reason_or_redirected()
    {
        await DoneAsync("rooms", "create", $"{_application}/door", "--waiting-room", "on");
        var (first, rejection) = await AskAsync("door");
        Assert.Contains("Members only.", await DoneAsync("pending", "reject", first.Value, "--reason", "Members only."));
        Assert.Equal((VerdictKind.Reject, Environment.UserName), ((await rejection).Kind, (await rejection).DecidedBy));
        Assert.Contains("Members only.", (await rejection).Description);

        var (second, redirection) = await AskAsync("door");
        var view = await JsonAsync("pending", "redirect", second.Value, "rtmp://two.example/chat/lobby");
        Assert.Equal(("redirect", "rtmp://two.example/chat/lobby"), (view.GetProperty("verdict").GetString(), view.GetProperty("redirectUrl").GetString()));
        Assert.Equal("rtmp://two.example/chat/lobby", (await redirection).RedirectUrl);
    }

    [Fact]
    public async Task An_id_that_fits_none_or_several_decides_nothing()
    {
        await DoneAsync("rooms", "create", $"{_application}/door", "--waiting-room", "on");
        var (first, _) = await AskAsync("door");
        await AskAsync("door");
        // ULIDs of one hour begin alike.
        Assert.Contains("matches several", await FailsAsync(ExitCodes.Usage, "pending", "approve", first.Value[..4]));
        Assert.Contains("roomctl pending list", await FailsAsync(ExitCodes.Refused, "pending", "reject", "zzzzzz"));
        Assert.Equal(2, (await JsonAsync("pending", "list", _application)).GetArrayLength());
        Assert.Contains("unknownConnection", await FailsAsync(ExitCodes.Refused, "pending", "approve", ConnectionId.New().Value));
    }

    [Fact]
    public async Task Members_and_their_streams_are_seen_and_kicked()
    {
        var url = fixture.Node.Rtmp($"{_application}/stage/alice");
        await using var publisher = Ffmpeg.Publish(url);
        JsonElement room;
        do
            room = (await RunAsync(["rooms", "show", $"{_application}/stage", "--json"])) is { Code: 0, Output: var json } ? JsonDocument.Parse(json).RootElement : default;
        while (room.ValueKind is JsonValueKind.Undefined || room.GetProperty("streams").GetArrayLength() == 0 || room.GetProperty("streams")[0].GetProperty("bitsPerSecond").GetInt64() == 0);

        var stream = room.GetProperty("streams")[0];
        Assert.Equal(("alice", "tests"), (stream.GetProperty("name").GetString(), stream.GetProperty("origin").GetString()));
        Assert.Contains("264", stream.GetProperty("videoCodec").GetString());
        Assert.Contains("AAC", stream.GetProperty("audioCodec").GetString());
        Assert.Equal((320, 180), (stream.GetProperty("width").GetInt32(), stream.GetProperty("height").GetInt32()));
        var text = await DoneAsync("rooms", "show", $"{_application}/stage");
        Assert.Contains("1 of 80 seats taken, 1 stream,", text);
        Assert.Contains("320x180", text);

        var member = (await JsonAsync("members", "list", $"{_application}/stage")).EnumerateArray().Single();
        Assert.Equal("alice", member.GetProperty("publishes")[0].GetString());
        var id = member.GetProperty("id").GetString()!;
        Assert.Contains(id, await DoneAsync("members", "list", $"{_application}/stage"));

        Assert.Contains("members list", await FailsAsync(ExitCodes.Refused, "members", "kick", $"{_application}/stage", "zzzzzz"));
        Assert.Equal($"Removed {id} from {_application}/stage.\n", await DoneAsync("members", "kick", $"{_application}/stage", id[^8..], "--reason", "Please be kind."));
        Assert.NotEqual(0, await publisher.ExitAsync(Limit));
        Assert.Contains("notAMember", await FailsAsync(ExitCodes.Refused, "members", "kick", $"{_application}/stage", ConnectionId.New().Value, "--json"));
    }

    [Fact]
    public async Task The_node_is_listed_with_its_load()
    {
        JsonElement node;
        do
            node = (await JsonAsync("nodes", "list")).EnumerateArray().SingleOrDefault();
        while (node.ValueKind is JsonValueKind.Undefined);
        Assert.Equal(("tests", $"127.0.0.1:{fixture.Node.RtmpPort}", false), (
            node.GetProperty("name").GetString(), node.GetProperty("rtmpAddress").GetString(), node.GetProperty("draining").GetBoolean()));
        Assert.True(node.GetProperty("memoryBytes").GetInt64() > 10_000_000);
        Assert.Equal(Environment.ProcessorCount, node.GetProperty("cores").GetInt32());
        Assert.Matches(@"(?m)^tests +up +gateway( worker)? +127\.0\.0\.1:", await DoneAsync("nodes", "list"));
    }

    [Fact]
    public async Task What_clients_call_themselves_cannot_command_a_terminal()
    {
        await DoneAsync("rooms", "create", $"{_application}/door", "--waiting-room", "on");
        await AskAsync("door", client: "evil\u001b[2J\nline");
        var text = await DoneAsync("pending", "list", _application);
        Assert.DoesNotContain('\u001b', text);
        Assert.Contains(@"evil\u001b[2J\u000aline", text);
    }

    [Theory]
    [InlineData("rooms show lobby", "chat/lobby")]
    [InlineData("rooms create chat/../etc", "chat/lobby")]
    [InlineData("rooms set chat/lobby", "--capacity")]
    [InlineData("rooms set chat/lobby --capacity many", "many")]
    [InlineData("rooms set chat/lobby --waiting-room maybe", "'on'")]
    [InlineData("rooms set chat/lobby --deadline 30", "30s")]
    [InlineData("rooms", "roomctl rooms --help")]
    [InlineData("room list", "'room'")]
    [InlineData("pending approve", "--help")]
    [InlineData("nodes list --connect :::", "HOST:PORT")]
    [InlineData("nodes list --timeout soon", "soon")]
    [InlineData("jobs start record chat/lobby", "chat/lobby/alice")]
    [InlineData("jobs start record chat/lobby/-f", "chat/lobby/alice")]
    [InlineData("jobs start record chat/lobby/alice --set format", "NAME=VALUE")]
    [InlineData("jobs start record chat/lobby/alice --set format=mkv --format mp4", "format is given twice")]
    [InlineData("jobs list chat/lobby/alice", "APPLICATION/ROOM")]
    [InlineData("recordings link 0ztfw-1 --for soon", "soon")]
    public async Task A_wrong_command_line_is_told_what_is_wrong(string commandLine, string says)
    {
        var error = await FailsAsync(ExitCodes.Usage, commandLine.Split(' '));
        Assert.Contains(says, error);
        Assert.DoesNotContain("   at ", error);
    }

    [Fact]
    public async Task A_cluster_that_cannot_be_reached_is_told_within_seconds()
    {
        var (port, http) = (FreePort.Next(), fixture.Node.HttpPort);
        Assert.Contains($"127.0.0.1:{port} (connection refused)", await FailsAsync(ExitCodes.Unreachable, "rooms", "list", "--connect", $"127.0.0.1:{port}"));
        Assert.Contains("does not answer as a node", await FailsAsync(ExitCodes.Unreachable, "rooms", "list", "--connect", $"127.0.0.1:{http}", "--timeout", "2s"));
        Assert.Contains("'another'", await FailsAsync(ExitCodes.Unreachable, "rooms", "list", "--cluster-id", "another", "--timeout", "2s"));
    }

    [Fact]
    public async Task One_address_that_answers_is_enough() =>
        await DoneAsync("nodes", "list", "--connect", $"127.0.0.1:{FreePort.Next()}", "--connect", $"127.0.0.1:{fixture.Node.ClientGatewayPort}");

    [Fact]
    public async Task The_program_finds_the_cluster_by_variable_and_says_its_exit_code_to_the_shell()
    {
        var file = Repository.ProgramOf("RoomGrains.Cli", "roomctl.dll");
        var environment = new Dictionary<string, string> { ["ROOMGRAINS_CONNECT"] = $"127.0.0.1:{FreePort.Next()},127.0.0.1:{fixture.Node.ClientGatewayPort}" };
        await using var list = RunningProgram.Start("dotnet", [file, "rooms", "list", _application, "--timeout", "50s"], environment: environment);
        Assert.Equal(ExitCodes.Done, await list.ExitAsync(Limit));
        Assert.Equal("No rooms.\n", list.Output);
        await using var show = RunningProgram.Start("dotnet", [file, "rooms", "show", $"{_application}/none", "--timeout", "50s"], environment: environment);
        Assert.Equal(ExitCodes.Refused, await show.ExitAsync(Limit));
        Assert.StartsWith("roomctl: refused (unknownRoom): ", show.Output);
    }

    [Fact]
    public async Task A_database_that_fails_is_told_in_a_line()
    {
        using var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(fixture.Node.DataFolder, "roomgrains.db")};Pooling=False");
        other.Open();
        using var locked = other.BeginTransaction(System.Data.IsolationLevel.Serializable);
        // As a program: it has not the libraries that this process has.
        await using var create = RunningProgram.Start(
            "dotnet", [Repository.ProgramOf("RoomGrains.Cli", "roomctl.dll"), "--connect", $"127.0.0.1:{fixture.Node.ClientGatewayPort}", "--timeout", "30s", "rooms", "create", $"{_application}/lobby"]);
        Assert.Equal(ExitCodes.Unreachable, await create.ExitAsync(Limit));
        Assert.StartsWith("roomctl: the cluster failed: ", create.Output);
        Assert.Single(create.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Every_command_has_help_with_examples_that_parse_and_the_exit_codes()
    {
        string[] commands = ["", "rooms", "rooms list", "rooms show", "rooms create", "rooms set", "rooms close", "pending", "pending list", "pending show", "pending approve",
            "pending reject", "pending redirect", "members", "members list", "members kick",
            "jobs", "jobs list", "jobs start", "jobs show", "jobs watch", "jobs stop", "jobs logs", "recordings", "recordings list", "recordings show", "recordings link", "recordings delete", "nodes", "nodes list", "nodes drain", "database", "database init", "database check", "keys", "keys create", "keys list", "keys rotate", "keys revoke", "tokens", "tokens create"];
        var nobody = FreePort.Next();
        foreach (var command in commands)
        {
            var (code, help, _) = await RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
            Assert.Equal(0, code);
            Assert.Contains($"Exit codes: 0 done", help);
            var examples = help.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("roomctl ", StringComparison.Ordinal) && !line.Contains('[')).ToArray();
            Assert.True(examples.Length > 0, $"'{command}' has no example");
            if (command.StartsWith("database", StringComparison.Ordinal) || command.StartsWith("tokens", StringComparison.Ordinal))
                continue;
            // Where nobody listens, a command line that is right gets as far as that.
            foreach (var example in examples)
                Assert.Equal((example, ExitCodes.Unreachable), (example, (await RunAsync(
                    [.. System.CommandLine.Parsing.CommandLineParser.SplitCommandLine(example).Skip(1).Where(word => !word.Contains(".example:", StringComparison.Ordinal) && word != "--connect"), "--connect", $"127.0.0.1:{nobody}"])).Code));
        }
    }

    /// <summary>Asks for admission as a gateway does, and returns when the connection is listed as pending.</summary>
    private async Task<(ConnectionId Id, Task<Verdict> Verdict)> AskAsync(string room, string client = "tests/1.0", bool waits = true)
    {
        var request = new AdmissionRequest
        {
            Connection = ConnectionId.New(), Application = _application, Room = room, Node = "tests", Address = new IPEndPoint(IPAddress.Parse("192.0.2.7"), 4242),
            Since = TimeProvider.System.GetUtcNow(), Client = client,
        };
        var grain = fixture.Grains.GetPending(request.Connection);
        var verdict = VerdictAsync();
        var directory = fixture.Grains.GetDirectory(_application);
        while (waits && !(await directory.ListPending()).Any(pending => pending.Id == request.Connection && pending.WaitsFor.Length > 0))
            Assert.False(verdict.IsCompleted, "decided before anybody could");
        return (request.Connection, verdict);

        async Task<Verdict> VerdictAsync()
        {
            while (true)
                if ((await grain.Admit(request, TimeSpan.FromSeconds(5))).Verdict is { } verdict)
                {
                    if (verdict.ConfirmDelivery)
                        await grain.Confirm(delivered: true);
                    return verdict;
                }
        }
    }

    private async Task<JsonElement> JsonAsync(params string[] args) => JsonDocument.Parse(await DoneAsync([.. args, "--json"])).RootElement;

    private async Task<string> DoneAsync(params string[] args)
    {
        var (code, output, error) = await RunAsync(args);
        Assert.True(code == ExitCodes.Done, $"exit code {code}: {error}");
        Assert.Empty(error);
        return output;
    }

    private async Task<string> FailsAsync(int expected, params string[] args)
    {
        var (code, output, error) = await RunAsync(args);
        Assert.Equal((expected, ""), (code, output));
        Assert.StartsWith("roomctl: ", error);
        Assert.DoesNotContain("Exception", error);
        return error;
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        string[] connect = args.Contains("--connect") ? [] : ["--connect", $"127.0.0.1:{fixture.Node.ClientGatewayPort}"];
        // A machine that runs all these tests may take longer than the ten seconds that people are made to wait.
        string[] patience = args.Contains("--timeout") ? [] : ["--timeout", "50s"];
        var code = await RoomCtl.RunAsync([.. args, .. connect, .. patience], output, error).WaitAsync(Limit, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
