using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;

namespace RoomGrains.Cluster.Tests.Clients;

/// <summary>The npm package rtmp-client, a client that is none of ours, in a process of its own: it does what it is told on its input, and says what it hears.</summary>
internal sealed class NpmClient : IAsyncDisposable
{
    private const string Program = """
        const { NetConnection, SharedObject } = require(process.argv[1]);
        const say = (...parts) => console.log(parts.map(part => typeof part === "string" ? part : JSON.stringify(part ?? null)).join(" "));
        const objects = {};
        const nc = new NetConnection();
        nc.onStatus = info => say("connection", info.code, info.description ?? "");
        nc.greet = async name => { say("greeted", name); return "hello " + name; };
        nc.connect(process.argv[2]);
        require("readline").createInterface({ input: process.stdin }).on("line", line => {
            const [verb, name, ...rest] = JSON.parse(line);
            switch (verb) {
                case "use":
                    objects[name] = SharedObject.get(name, false, nc);
                    objects[name].onSync = list => list.forEach(change => say("sync", name, change.code, change.name ?? "-", change.newValue));
                    objects[name].onStatus = info => say("status", name, info.code);
                    break;
                case "set": objects[name].setProperty(rest[0], rest[1]); break;
                case "clear": objects[name].clear(); break;
                case "call": nc.call(name, { onResult: result => say("result", name, result), onStatus: info => say("error", name, info.code, info.description) }, ...rest); break;
                case "close": nc.close(); break;
            }
        }).on("close", () => process.exit());
        """;

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly List<string> _heard = [];

    private NpmClient(Process process)
    {
        _process = process;
        DataReceivedEventHandler heard = (_, line) =>
        {
            if (line.Data is { } text)
                _lines.Writer.TryWrite(text);
        };
        process.OutputDataReceived += heard;
        process.ErrorDataReceived += heard;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static bool CanStart => File.Exists(NpmPackages.PathOf("rtmp-client", "lib", "index.js"));

    /// <summary>Connects, and is admitted.</summary>
    public static async Task<NpmClient> ConnectAsync(string url, CancellationToken cancel)
    {
        var client = new NpmClient(Process.Start(new ProcessStartInfo("node", ["-e", Program, NpmPackages.PathOf("rtmp-client"), url])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!);
        await client.HearAsync("connection NetConnection.Connect.Success", cancel);
        return client;
    }

    /// <summary>Tells it what to do.</summary>
    public Task SayAsync(params object?[] command) => _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(command));

    /// <summary>What it says next that begins so; what it says before is passed over.</summary>
    public async Task<string> HearAsync(string beginning, CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                var line = await _lines.Reader.ReadAsync(cancel);
                _heard.Add(line);
                if (line.StartsWith(beginning, StringComparison.Ordinal))
                    return line;
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"It never said '{beginning}', but:{Environment.NewLine}{string.Join(Environment.NewLine, _heard)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The end of its input is its end.
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10), TimeProvider.System);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }
        _process.Dispose();
    }
}
