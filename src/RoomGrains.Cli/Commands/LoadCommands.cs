using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using RoomGrains.Load;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl load …</c></summary>
internal sealed class LoadCommands
{
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
    private readonly Option<TimeSpan?> _warm = Span("--warm", "From the last client's connect to the window in which figures are taken", "4s");
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
            commands.FanOut(), commands.Storm(),
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

    private Command Loads(Command command, Func<ParseResult, LoadOptions, CancellationToken, Task<LoadReport>> run)
    {
        command.Arguments.Add(_urls);
        foreach (var option in (Option[])[_file, _serverProcesses, _ramp, _warm, _for, _flat, _seed])
            command.Options.Add(option);
        return _roomctl.Loads(command, (parsed, progress, cancel) => run(parsed, Options(parsed, progress), cancel));
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
