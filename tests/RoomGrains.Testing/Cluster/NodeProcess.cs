using System.Net;

namespace RoomGrains.Testing;

/// <summary>
/// A real node: <c>roomgrains</c> as a process of its own, on free ports, with a data folder of its own. The test project must reference
/// RoomGrains.Node, so that the program is built before the test.
/// </summary>
public sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);

    private readonly string? _ownFolder;

    private NodeProcess(RunningProgram program, int[] ports, string dataFolder, string? ownFolder, NodeNetwork? network)
    {
        (Program, Ports, DataFolder, _ownFolder) = (program, ports, dataFolder, ownFolder);
        (Address, ClusterAddress) = (network?.ClientAddress ?? IPAddress.Loopback, network?.ClusterAddress ?? IPAddress.Loopback);
        (RtmpPort, HttpPort, AdminPort, SiloPort, ClientGatewayPort) = (ports[0], ports[1], ports[2], ports[3], ports[4]);
    }

    /// <summary>The program: <c>dotnet</c> runs it.</summary>
    public static string ProgramFile => Repository.ProgramOf("RoomGrains.Node", "roomgrains.dll");

    /// <summary>The process.</summary>
    public RunningProgram Program { get; }

    /// <summary>The node's name, where it has one.</summary>
    public string Name { get; private init; } = "";

    /// <summary>Where RTMP and HTTP clients reach it.</summary>
    public IPAddress Address { get; }

    /// <summary>Where other nodes reach it.</summary>
    public IPAddress ClusterAddress { get; }

    /// <summary>The port for RTMP clients.</summary>
    public int RtmpPort { get; }

    /// <summary>The port for health and metrics.</summary>
    public int HttpPort { get; }

    /// <summary>The port for the dashboard.</summary>
    public int AdminPort { get; }

    /// <summary>The port for other silos.</summary>
    public int SiloPort { get; }

    /// <summary>The port for grain clients.</summary>
    public int ClientGatewayPort { get; }

    /// <summary>Where grain clients connect: Orleans takes them only at the address that the silo advertises.</summary>
    public IPEndPoint ClientGateway => new(ClusterAddress, ClientGatewayPort);

    /// <summary>All of them, in the order that <see cref="StartAsync"/> takes.</summary>
    internal int[] Ports { get; }

    /// <summary>The folder that holds the node's state.</summary>
    public string DataFolder { get; }

    /// <summary>The token of the admin port.</summary>
    public string AdminToken => File.ReadAllText(Path.Combine(DataFolder, "admin-token")).Trim();

    /// <summary>A URL on the HTTP port.</summary>
    public Uri Http(string path) => new($"http://{Address}:{HttpPort}{path}");

    /// <summary>A URL on the admin port.</summary>
    public Uri Admin(string path) => new($"http://127.0.0.1:{AdminPort}{path}");

    /// <summary>A URL for RTMP clients, for example of <c>chat/lobby/alice</c>.</summary>
    public string Rtmp(string path) => $"rtmp://{Address}:{RtmpPort}/{path}";

    /// <summary>Starts a node and returns when it says that it is ready.</summary>
    /// <param name="arguments">Options beside the ports and the data folder.</param>
    /// <param name="dataFolder">A data folder that is to outlive the node; null: one that is deleted with it.</param>
    /// <param name="environment">Variables to set.</param>
    /// <exception cref="InvalidOperationException">It ended instead; the message has its output.</exception>
    public static Task<NodeProcess> StartAsync(
        IEnumerable<string>? arguments = null, string? dataFolder = null, IReadOnlyDictionary<string, string>? environment = null) =>
        StartAsync("", arguments, dataFolder, environment, ports: null, network: null);

    internal static async Task<NodeProcess> StartAsync(
        string name, IEnumerable<string>? arguments, string? dataFolder, IReadOnlyDictionary<string, string>? environment, int[]? ports, NodeNetwork? network)
    {
        for (var attempt = 1; ; attempt++)
        {
            var node = Launch(name, [.. arguments ?? []], dataFolder, environment, ports, network);
            try
            {
                await node.Program.LineAsync(line => line.Contains("Ready.", StringComparison.Ordinal), StartLimit).ConfigureAwait(false);
                return node;
            }
            catch (InvalidOperationException) when (attempt < 3 && ports is null && node.Program.Output.Contains("in use", StringComparison.Ordinal))
            {
                // Somebody else took a port between our look and the node's: look again.
                await node.DisposeAsync().ConfigureAwait(false);
            }
            catch
            {
                await node.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    /// <summary>Asks the node to end, as systemd and containers do.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> StopAsync(TimeSpan? limit = null)
    {
        Program.Signal("TERM");
        return Program.ExitAsync(limit ?? TimeSpan.FromSeconds(40));
    }

    /// <summary>Kills the node as a power failure would, and returns when it is gone.</summary>
    public async Task KillAsync()
    {
        Program.Signal("KILL");
        await Program.ExitAsync(TimeSpan.FromSeconds(20)).ConfigureAwait(false);
    }

    /// <summary>Kills the node and deletes the data folder, where it is its own.</summary>
    public async ValueTask DisposeAsync()
    {
        await Program.DisposeAsync().ConfigureAwait(false);
        if (_ownFolder is not null && Directory.Exists(_ownFolder))
            Directory.Delete(_ownFolder, recursive: true);
    }

    private static NodeProcess Launch(
        string name, string[] arguments, string? dataFolder, IReadOnlyDictionary<string, string>? environment, int[]? ports, NodeNetwork? network)
    {
        ports ??= FreePort.Several(5);
        var own = dataFolder is null ? Directory.CreateTempSubdirectory("roomgrains-").FullName : null;
        string[] options =
        [
            ProgramFile, "--data", dataFolder ?? own!, "--rtmp-port", $"{ports[0]}", "--http-port", $"{ports[1]}", "--admin-port", $"{ports[2]}",
            "--silo-port", $"{ports[3]}", "--gateway-port", $"{ports[4]}", .. arguments,
        ];
        // ip becomes dotnet: the process keeps its id.
        var program = network is null
            ? RunningProgram.Start("dotnet", options, environment: environment)
            : RunningProgram.Start("ip", ["netns", "exec", network.Namespace, "dotnet", .. options], environment: environment);
        return new NodeProcess(program, ports, dataFolder ?? own!, own, network) { Name = name };
    }
}
