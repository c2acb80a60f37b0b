using System.Collections.Concurrent;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Globalization;
using RoomGrains.Load;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl load …</c></summary>
internal sealed class LoadCommands
{
    // Enough to keep a cluster busy, and each still asked for in the moment that is noted.
    private const int AtATime = 64;

    private readonly RoomCtl _roomctl;

    private readonly Argument<string[]> _urls = new("URL")
    {
        Description = "The server and a room on it: rtmp://HOST[:PORT]/APPLICATION[/ROOM]. Several: clients are spread over them in turn.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _file = new("--file")
    {
        Description = "The FLV that is published, again and again. Without it the error says how to make one.",
        HelpName = "FILE",
    };

    private readonly Option<int[]> _serverProcesses = new("--server-pid")
    {
        Description = "The process of the server, for its CPU and memory. May be given several times.",
        HelpName = "PID",
    };

    private readonly Option<int> _ramp = Count("--ramp", "Clients that begin to connect each second.", 200);
    private readonly Option<TimeSpan?> _warm = Span("--warm", "From the moment when all have a picture to the window in which figures are taken", "4s");
    private readonly Option<TimeSpan?> _for = Span("--for", "The window", "15s");
    private readonly Option<bool> _flat = new("--flat") { Description = "The room goes into the names of streams (ROOM-STREAM) instead of the app: for servers whose applications are fixed, as nginx-rtmp's." };
    private readonly Option<int> _seed = Count("--seed", "Which random choices are made.", 1);

    private LoadCommands(RoomCtl roomctl) => _roomctl = roomctl;

    public static Command Create(RoomCtl roomctl)
    {
        var commands = new LoadCommands(roomctl);
        return new DocumentedCommand("load",
            "Put load on an RTMP server, of whatever make, and measure: CPU for each gigabit, latencies, times to join, memory; and check that every client gets its own stream, each frame once.",
            "roomctl load fan-out rtmp://127.0.0.1/live/load --players 500 --file clip.flv --server-pid $(pgrep -f roomgrains.dll)",
            "roomctl load storm rtmp://127.0.0.1/live/load --clients 1000 --file clip.flv --json")
        {
            commands.FanOut(), commands.Rooms(), commands.Storm(), commands.Churn(), commands.Pending(), commands.Chat(),
        };
    }

    private Command FanOut()
    {
        var players = Count("--players", "Clients that play the stream.", 100);
        var stalled = Count("--stall", "So many of the players stop reading once they play.", 0, least: 0);
        var command = new DocumentedCommand("fan-out", "One publisher, many players.",
            "roomctl load fan-out rtmp://127.0.0.1/live/load --players 500 --file clip.flv",
            "roomctl load fan-out rtmp://127.0.0.1/live/load --players 500 --file clip.flv --server-pid 1234 --json",
            "roomctl load fan-out rtmp://127.0.0.1/live/load --flat --players 500 --file clip.flv     # nginx-rtmp: application live",
            "roomctl load fan-out rtmp://127.0.0.1/live/load --players 100 --stall 50 --for 60s --file clip.flv")
        { players, stalled };
        return Loads(command, (parsed, options, cancel) => LoadScenario.FanOutAsync(options, parsed.GetValue(players), parsed.GetValue(stalled), cancel));
    }

    private Command Storm()
    {
        var clients = Count("--clients", "Clients that connect at the same instant.", 1000);
        var rehearse = Count("--rehearse", "Clients that come and go before, one by one, so that no code runs for the first time.", 20, least: 0);
        var command = new DocumentedCommand("storm", "A stream is live, and many players connect at the same instant. Ends when all have a picture, or with the window.",
            "roomctl load storm rtmp://127.0.0.1/live/load --clients 1000 --file clip.flv")
        { clients, rehearse };
        return Loads(command, (parsed, options, cancel) => LoadScenario.StormAsync(options, parsed.GetValue(clients), parsed.GetValue(rehearse), cancel));
    }

    private Command Rooms()
    {
        var rooms = Count("--rooms", "Rooms; their names are the ROOM of the URL and a number.", 20);
        var members = Count("--members", "Members of each.", 75);
        var watched = Count("--watch", "How many others of its room each member watches.", 4, least: 0);
        var command = new DocumentedCommand("rooms", "An evening of video chat: each member publishes and watches others of its room, all on one connection.",
            "roomctl load rooms rtmp://127.0.0.1/chat/evening --rooms 20 --members 75 --watch 4 --file 100kbit.flv",
            "roomctl load rooms rtmp://127.0.0.1:1935/chat rtmp://127.0.0.1:1936/chat rtmp://127.0.0.1:1937/chat --file 100kbit.flv     # three nodes")
        { rooms, members, watched };
        return Loads(command, (parsed, options, cancel) => LoadScenario.RoomsAsync(options, parsed.GetValue(rooms), parsed.GetValue(members), parsed.GetValue(watched), cancel));
    }

    private Command Churn()
    {
        var clients = Count("--clients", "Players that are there at any time.", 200);
        var rate = Count("--rate", "How many of them leave each second; as many others come.", 20);
        var command = new DocumentedCommand("churn", "Players that come and go.", "roomctl load churn rtmp://127.0.0.1/live/load --clients 500 --rate 50 --for 60s --file clip.flv") { clients, rate };
        return Loads(command, (parsed, options, cancel) => LoadScenario.ChurnAsync(options, parsed.GetValue(clients), parsed.GetValue(rate), cancel));
    }

    private Command Chat()
    {
        var members = Count("--members", "Members of the room; it needs a seat for each.", 75);
        var rate = Count("--rate", "Lines that each says in a second.", 5);
        var command = new DocumentedCommand("chat", "A room whose members talk: every line must come to all, once, and in the same order. For RoomGrains.",
            "roomctl load chat rtmp://127.0.0.1/chat/lobby --members 75 --rate 5 --for 60s --server-pid 1234",
            "roomctl load chat rtmp://127.0.0.1:1935/chat/lobby rtmp://127.0.0.1:1936/chat/lobby --for 60s     # two nodes")
        { members, rate };
        return Loads(command, (parsed, options, cancel) => LoadScenario.ChatAsync(options, parsed.GetValue(members), parsed.GetValue(rate), cancel));
    }

    private Command Pending()
    {
        var clients = Count("--clients", "Clients that connect.", 500);
        var hold = Span("--hold", "How long they are held; where the server decides by itself, how long that may take at most", "10s");
        var approve = new Option<bool>("--approve") { Description = "After the hold, approve them through the grain client API (--connect): the room must have a waiting room." };
        var stay = new Option<bool>("--stay") { Description = "The server admits them at once, and they stay and do nothing: memory for each idle connection." };
        var command = new DocumentedCommand("pending", "Clients that wait for the answer to connect: memory for each, and how long the answer takes.",
            "roomctl load pending rtmp://127.0.0.1/chat/vip --clients 5000 --ramp 1000 --hold 10s --approve --server-pid 1234     # a waiting room",
            "roomctl load pending rtmp://127.0.0.1/chat/lobby --clients 500 --ramp 100000                                        # all at once, decided by a policy",
            "roomctl load pending rtmp://127.0.0.1/chat/lobby --clients 5000 --ramp 1000 --hold 10s --stay --server-pid 1234      # idle members")
        { clients, hold, approve, stay };
        command.Validators.Add(result =>
        {
            if (result.GetValue(approve) && result.GetValue(stay))
                result.AddError("--approve and --stay: which one?");
        });
        return Loads(
            command,
            (parsed, grains, options, cancel) => LoadScenario.PendingAsync(
                options, parsed.GetValue(clients), parsed.GetValue(hold) ?? TimeSpan.FromSeconds(10), parsed.GetValue(stay),
                grains is null ? null : limit => ApproveAsync(grains, Applications(options), limit), cancel),
            parsed => parsed.GetValue(approve));
    }

    /// <summary>Approves all who wait in these applications, some at a time as a program would, and says when it asked for each.</summary>
    private static async Task<IReadOnlyDictionary<string, long>> ApproveAsync(IGrainFactory grains, IEnumerable<string> applications, CancellationToken cancel)
    {
        var decided = new ConcurrentDictionary<string, long>();
        foreach (var application in applications)
        {
            var waiting = (await grains.GetDirectory(application).ListPending()).Where(pending => pending.WaitsFor == "approval");
            await Parallel.ForEachAsync(waiting, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancel }, async (pending, _) =>
            {
                decided[pending.Id.Value] = Stopwatch.GetTimestamp();
                await grains.GetPending(pending.Id).Approve("load");
            });
        }
        return decided;
    }

    private static IEnumerable<string> Applications(LoadOptions options) => options.Urls.Select(url => new Uri(url).AbsolutePath.Trim('/').Split('/')[0]).Distinct();

    private Command Loads(Command command, Func<ParseResult, LoadOptions, CancellationToken, Task<LoadReport>> run) =>
        Loads(command, (parsed, _, options, cancel) => run(parsed, options, cancel), _ => false);

    private Command Loads(Command command, Func<ParseResult, IGrainFactory?, LoadOptions, CancellationToken, Task<LoadReport>> run, Func<ParseResult, bool> asks)
    {
        command.Arguments.Add(_urls);
        foreach (var option in (Option[])[_file, _serverProcesses, _ramp, _warm, _for, _flat, _seed])
            command.Options.Add(option);
        return _roomctl.Loads(command, (parsed, grains, progress, cancel) => run(parsed, grains, Options(parsed, progress), cancel), asks);
    }

    private LoadOptions Options(ParseResult parsed, Action<string> progress) => new()
    {
        Urls = parsed.GetValue(_urls)!,
        File = parsed.GetValue(_file),
        ServerProcesses = parsed.GetValue(_serverProcesses) ?? [],
        Ramp = parsed.GetValue(_ramp),
        Warm = parsed.GetValue(_warm) ?? TimeSpan.FromSeconds(4),
        For = parsed.GetValue(_for) ?? TimeSpan.FromSeconds(15),
        Flat = parsed.GetValue(_flat),
        Seed = parsed.GetValue(_seed),
        Progress = progress,
    };

    private static Option<int> Count(string name, string description, int otherwise, int least = 1)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < least))
                result.AddError($"{name}: '{token.Value}' is not a number from {least} on.");
        });
        return option;
    }

    private static Option<TimeSpan?> Span(string name, string description, string otherwise) =>
        new(name) { Description = $"{description}: {Hosting.Duration.Rule}. [default: {otherwise}]", HelpName = "DURATION", CustomParser = argument => Values.Duration(argument) };
}
