using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Net;
using RoomGrains.Cli.Commands;
using RoomGrains.Grains.Storage;
using RoomGrains.Hosting;
using RoomGrains.Load;

namespace RoomGrains.Cli;

/// <summary>The command line: options that every command has, the command groups, and how failures become exit codes.</summary>
public sealed class RoomCtl
{
    private const int DefaultPort = 30000;
    private const string ConnectVariable = "ROOMGRAINS_CONNECT";
    internal static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    private readonly Option<string[]> _connect = new("--connect")
    {
        Description = $"The client gateway of a node, HOST:PORT. May be given several times: the first that answer are used. [env: {ConnectVariable}, separated by commas] [default: 127.0.0.1:{DefaultPort}]",
        HelpName = "HOST:PORT",
        Recursive = true,
    };

    private readonly Option<string> _clusterId = new("--cluster-id")
    {
        Description = "The cluster's name (Cluster:ClusterId of its nodes).",
        HelpName = "NAME",
        DefaultValueFactory = _ => "roomgrains",
        Recursive = true,
    };

    private readonly Option<string> _tlsCertificate = File("--tls-certificate", "TlsCertificate", "Where the cluster has TLS: the certificate to show, in PEM form.");
    private readonly Option<string> _tlsKey = File("--tls-key", "TlsKey", "Its key.");
    private readonly Option<string> _tlsAuthority = File("--tls-authority", "TlsAuthority", "The certificate of the cluster's own authority.");

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON for programs.", Recursive = true };

    private readonly Option<TimeSpan?> _timeout = new("--timeout")
    {
        Description = $"How long the whole command may take: {Hosting.Duration.Rule}. [default: 10s]",
        HelpName = "DURATION",
        CustomParser = argument => Values.Duration(argument),
        Recursive = true,
    };

    private readonly TextWriter _output;
    private readonly TextWriter _error;
    private readonly Func<string, string?> _environment;

    private RoomCtl(TextWriter output, TextWriter error, Func<string, string?> environment) =>
        (_output, _error, _environment) = (output, error, environment);

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="output">Where results go.</param>
    /// <param name="error">Where errors go.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error) =>
        new RoomCtl(output, error, Environment.GetEnvironmentVariable).RunAsync(args);

    private async Task<int> RunAsync(string[] args)
    {
        var parsed = CreateRoot().Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            // What the parser misses is mostly what it could not make out of a word it does not know.
            var problems = parsed.UnmatchedTokens.Count > 0
                ? parsed.UnmatchedTokens.Select(token => $"'{Values.Shown(token)}' is neither a command nor an option here.")
                : parsed.Errors.Select(error => error.Message);
            foreach (var problem in problems)
                await _error.WriteLineAsync($"roomctl: {problem}");
            await _error.WriteLineAsync($"Try: {CommandLine(parsed)} --help");
            return ExitCodes.Usage;
        }
        return await parsed.InvokeAsync(new InvocationConfiguration { Output = _output, Error = _error, EnableDefaultExceptionHandler = false });
    }

    private RootCommand CreateRoot()
    {
        var root = new RootCommand("Looks at the rooms of a RoomGrains cluster and steers them: rooms, pending connections, members, moderation, media jobs and what they have recorded, nodes; prepares its database; and puts load on it, or on any RTMP server.")
        {
            _connect, _clusterId, _tlsCertificate, _tlsKey, _tlsAuthority, _json, _timeout,
            RoomsCommands.Create(this), PendingCommands.Create(this), MembersCommands.Create(this), ModerationCommands.Create(this), KeysCommands.Create(this), TokensCommands.Create(this),
            JobsCommands.Create(this), RecordingsCommands.Create(this), NodesCommands.Create(this), DatabaseCommands.Create(this),
            LoadCommands.Create(this),
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!,
        [
            "roomctl rooms list",
            "roomctl rooms show chat/lobby",
            "roomctl pending list --json",
            "roomctl --connect one.example:30000 --connect two.example:30000 nodes list",
        ]);
        return root;
    }

    /// <summary>Makes a command that asks the cluster.</summary>
    /// <param name="command">The command.</param>
    /// <param name="ask">What it does.</param>
    /// <param name="limit">How long it may take where nobody says; null: the default of all commands.</param>
    internal Command Asks(Command command, Func<Call, Task> ask, Func<ParseResult, TimeSpan>? limit = null)
    {
        command.SetAction((parsed, cancel) => InvokeAsync(parsed, ask, parsed.GetValue(_timeout) ?? limit?.Invoke(parsed) ?? DefaultTimeout, cancel));
        return command;
    }

    /// <summary>Makes a command that works on the database, also where no node runs.</summary>
    /// <param name="command">The command.</param>
    /// <param name="act">Takes the command line, the environment, where results go, and a token that is cancelled when the time is up.</param>
    internal Command Acts(Command command, Func<ParseResult, Func<string, string?>, Output, CancellationToken, Task> act)
    {
        command.SetAction(async (parsed, cancel) =>
        {
            var limit = Patience(parsed);
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            timeout.CancelAfter(limit);
            try
            {
                await act(parsed, _environment, new Output(_output, parsed.GetValue(_json)), timeout.Token);
                return ExitCodes.Done;
            }
            catch (DatabaseException e)
            {
                // With a cause it was not reached, or failed; without one it is not as it should be.
                return Fail(e.InnerException is null ? ExitCodes.Refused : ExitCodes.Unreachable, e.Message);
            }
            catch (UsageException e)
            {
                return Fail(ExitCodes.Usage, e.Message);
            }
            catch (OperationCanceledException)
            {
                return Fail(ExitCodes.Unreachable, $"the database did not answer within {Hosting.Duration.Format(limit)}. Give it longer with --timeout.");
            }
        });
        return command;
    }

    /// <summary>Makes a command that puts load on servers: without a limit of time but its own, ended by Ctrl+C with what it has until then.</summary>
    /// <param name="command">The command.</param>
    /// <param name="run">Takes the command line, the cluster where it is asked, where people are told how far it is, and a token that is cancelled when nobody wants to wait any more.</param>
    /// <param name="asks">Whether this command line needs the cluster besides the server's RTMP.</param>
    internal Command Loads(Command command, Func<ParseResult, IGrainFactory?, Action<string>, CancellationToken, Task<LoadReport>> run, Func<ParseResult, bool> asks)
    {
        command.SetAction(async (parsed, cancel) =>
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            if (parsed.GetValue(_timeout) is { } timeout)
                limit.CancelAfter(timeout);
            try
            {
                await using var cluster = asks(parsed) ? await ClusterConnection.OpenAsync(Addresses(parsed), Options(parsed), Patience(parsed), limit.Token) : null;
                var report = await run(parsed, cluster?.Grains, _error.WriteLine, limit.Token);
                new Output(_output, parsed.GetValue(_json)).Write(report, Views.Default.LoadReport, output => LoadText.Write(output, report));
                return report.Problems.Count == 0 ? ExitCodes.Done : Fail(ExitCodes.Refused, $"{string.Join("; ", report.Problems)}.");
            }
            catch (LoadException e)
            {
                return Fail(e.Failure switch { LoadFailure.Usage => ExitCodes.Usage, LoadFailure.Refused => ExitCodes.Refused, _ => ExitCodes.Unreachable }, e.Message);
            }
            catch (Exception e) when (e is UsageException or ClusterTlsException)
            {
                return Fail(ExitCodes.Usage, e.Message);
            }
            catch (UnreachableException e)
            {
                return Fail(ExitCodes.Unreachable, e.Message);
            }
        });
        return command;
    }

    private TimeSpan Patience(ParseResult parsed) => parsed.GetValue(_timeout) ?? DefaultTimeout;

    private async Task<int> InvokeAsync(ParseResult parsed, Func<Call, Task> ask, TimeSpan limit, CancellationToken cancel)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(limit);
        try
        {
            await using var cluster = await ClusterConnection.OpenAsync(Addresses(parsed), Options(parsed), Patience(parsed), timeout.Token);
            await ask(new Call(cluster.Grains, parsed, new Output(_output, parsed.GetValue(_json)), cluster.ListensAsync, timeout.Token)).WaitAsync(timeout.Token);
            return ExitCodes.Done;
        }
        catch (RefusalException e) when (e.Refusal.Code == RefusalCode.Unavailable)
        {
            return Fail(ExitCodes.Unreachable, $"the cluster failed: {e.Refusal.Message} The log of its nodes says more.");
        }
        catch (RefusalException e)
        {
            return Fail(ExitCodes.Refused, $"refused ({Views.Name(e.Refusal.Code)}): {e.Refusal.Message}");
        }
        catch (Exception e) when (e is UsageException or ClusterTlsException)
        {
            return Fail(ExitCodes.Usage, e.Message);
        }
        catch (UnreachableException e)
        {
            return Fail(ExitCodes.Unreachable, e.Message);
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException or Orleans.Runtime.OrleansMessageRejectionException or Orleans.Runtime.SiloUnavailableException)
        {
            return Fail(ExitCodes.Unreachable, $"the cluster did not answer within {Hosting.Duration.Format(limit)}. It may be moving grains off a node that died: try again, or give it longer with --timeout.");
        }
        catch (Exception e) when (IsGrainFailure(e))
        {
            return Fail(ExitCodes.Unreachable, $"the cluster failed: {Reason(e)} The log of its nodes says more.");
        }
    }

    /// <summary>What a grain threw, in a line: the trace is in the log of the node where it happened, and of no use here.</summary>
    private static bool IsGrainFailure(Exception e) =>
        e is Orleans.Runtime.OrleansException or IOException or InvalidOperationException or System.Data.Common.DbException or TypeLoadException;

    // What the nodes' database throws arrives with its type, and roomctl has no such library.
    private static string Reason(Exception e) => e is TypeLoadException ? "a node could not do it, most likely because its database failed." : e.Message.Split('\n')[0].Trim();

    private int Fail(int code, string message)
    {
        _error.WriteLine($"roomctl: {message}");
        return code;
    }

    private ClusterOptions Options(ParseResult parsed) => new()
    {
        ClusterId = parsed.GetValue(_clusterId)!,
        TlsCertificate = Given(parsed, _tlsCertificate, nameof(ClusterOptions.TlsCertificate)),
        TlsKey = Given(parsed, _tlsKey, nameof(ClusterOptions.TlsKey)),
        TlsAuthority = Given(parsed, _tlsAuthority, nameof(ClusterOptions.TlsAuthority)),
    };

    private string Given(ParseResult parsed, Option<string> option, string setting) => parsed.GetValue(option) ?? _environment(Variable(setting)) ?? "";

    private static string Variable(string setting) => $"ROOMGRAINS_Cluster__{setting}";

    private static Option<string> File(string name, string setting, string description) =>
        new(name) { Description = $"{description} [env: {Variable(setting)}]", HelpName = "FILE", Recursive = true };

    private DnsEndPoint[] Addresses(ParseResult parsed)
    {
        var given = parsed.GetValue(_connect) is { Length: > 0 } option ? option : [_environment(ConnectVariable) ?? ""];
        var texts = given.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToArray();
        if (texts.Length == 0)
            return [new DnsEndPoint("127.0.0.1", DefaultPort)];
        return [.. texts.Select(text => Values.TryEndPoint(text, DefaultPort, out var endPoint)
            ? endPoint
            : throw new UsageException($"--connect: '{text}' is not HOST:PORT, for example 127.0.0.1:{DefaultPort}."))];
    }

    private static string CommandLine(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = parsed.CommandResult; at is System.CommandLine.Parsing.CommandResult { Command: not RootCommand } command; at = at.Parent)
            names.Insert(0, command.Command.Name);
        return string.Join(' ', ["roomctl", .. names]);
    }
}

/// <summary>One command on its way: the cluster, what was asked, and where the answer goes.</summary>
/// <param name="Grains">The cluster's grains.</param>
/// <param name="Arguments">What was asked.</param>
/// <param name="Output">Where the answer goes.</param>
/// <param name="Listens">Whether any of the addresses by which the cluster is reached still takes connections.</param>
/// <param name="Cancel">Cancelled when the command has taken too long, or nobody wants it any more.</param>
internal sealed record Call(IGrainFactory Grains, ParseResult Arguments, Output Output, Func<CancellationToken, Task<bool>> Listens, CancellationToken Cancel)
{
    /// <summary>The value of an argument that the command requires.</summary>
    public T Get<T>(Argument<T> argument) => Arguments.GetRequiredValue(argument);

    /// <summary>The value of an option, or its default.</summary>
    public T? Get<T>(Option<T> option) => Arguments.GetValue(option);

    /// <summary>The applications to look at: the one that was named, or all.</summary>
    public async Task<IReadOnlyList<string>> ApplicationsAsync(string? only) =>
        only is null ? await Grains.GetCluster().ListApplications() : [only];
}
