using System.Net;
using System.Security.Cryptography;
using RoomGrains.Hosting;

namespace RoomGrains.Testing;

/// <summary>
/// A real cluster: PostgreSQL, and nodes n1, n2, … as processes of their own on 127.0.0.1. Nodes can be killed, frozen, started again on their
/// ports and data, and joined by others. The test project must reference RoomGrains.Node, so that the program is built before the test.
/// </summary>
public sealed class ClusterProcesses : IAsyncDisposable
{
    private readonly Dictionary<string, NodeProcess> _nodes = new(StringComparer.Ordinal);
    private readonly List<NodeProcess> _ended = [];
    private readonly List<GrainClient> _clients = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("roomgrains-cluster-").FullName;
    private readonly Dictionary<string, string> _environment;
    private readonly string[] _arguments;
    private readonly NodeNetworks? _networks;
    private int _started;

    private ClusterProcesses(PostgresServer database, Dictionary<string, string> environment, string[] arguments, NodeNetworks? networks) =>
        (Database, _environment, _arguments, _networks) = (database, environment, arguments, networks);

    /// <summary>The database server: it can be stopped and started again.</summary>
    public PostgresServer Database { get; }

    /// <summary>The connection string of the cluster's database.</summary>
    public string ConnectionString => _environment["ROOMGRAINS_Cluster__ConnectionString"];

    /// <summary>What the nodes sign their tickets with.</summary>
    public string Secret => _environment["ROOMGRAINS_Cluster__Secret"];

    /// <summary>The nodes that were started, by name; those that were killed too, until they are started again.</summary>
    public IReadOnlyCollection<NodeProcess> Nodes => _nodes.Values;

    /// <summary>The nodes whose process runs.</summary>
    public IEnumerable<NodeProcess> Running => _nodes.Values.Where(node => !node.Program.HasExited);

    /// <summary>A node by name: n1 is the first.</summary>
    public NodeProcess this[string name] => _nodes[name];

    /// <summary>Starts PostgreSQL and the nodes, and returns when all are ready; skips the test where PostgreSQL is not installed.</summary>
    /// <param name="nodes">How many.</param>
    /// <param name="arguments">Options for every node, beside its name, ports, address and data folder.</param>
    /// <param name="environment">Variables for every node, for example <c>ROOMGRAINS_Rooms__Capacity</c>.</param>
    /// <param name="networks">A network for each node, so that it can be cut off; the caller's to delete. Null: all are on loopback.</param>
    public static async Task<ClusterProcesses> StartAsync(
        int nodes, IEnumerable<string>? arguments = null, IReadOnlyDictionary<string, string>? environment = null, NodeNetworks? networks = null)
    {
        var database = networks is null ? new PostgresServer() : new PostgresServer { Address = networks.Address };
        ClusterProcesses? cluster = null;
        try
        {
            await database.InitializeAsync().ConfigureAwait(false);
            var variables = new Dictionary<string, string>(environment ?? new Dictionary<string, string>(), StringComparer.Ordinal)
            {
                // Never as arguments: every user of a machine can read those.
                ["ROOMGRAINS_Cluster__ConnectionString"] = await database.NewClusterDatabase().ConfigureAwait(false),
                ["ROOMGRAINS_Cluster__Secret"] = RandomNumberGenerator.GetHexString(64, lowercase: true),
            };
            cluster = new ClusterProcesses(database, variables, [.. arguments ?? []], networks);
            await Task.WhenAll(Enumerable.Range(0, nodes).Select(_ => cluster.StartNodeAsync())).ConfigureAwait(false);
            return cluster;
        }
        catch
        {
            if (cluster is not null)
                await cluster.DisposeAsync().ConfigureAwait(false);
            else
                await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Starts a further node and returns when it is ready.</summary>
    /// <param name="arguments">Options for this node only.</param>
    /// <param name="environment">Variables for this node only.</param>
    public async Task<NodeProcess> StartNodeAsync(IEnumerable<string>? arguments = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var name = $"n{Interlocked.Increment(ref _started)}";
        var node = await LaunchAsync(name, ports: null, arguments, environment).ConfigureAwait(false);
        lock (_nodes)
            _nodes.Add(name, node);
        return node;
    }

    /// <summary>Starts a node that has ended, with its name, ports and data folder, and returns when it is ready.</summary>
    public async Task<NodeProcess> RestartAsync(string name, IEnumerable<string>? arguments = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var before = this[name];
        if (!before.Program.HasExited)
            throw new InvalidOperationException($"{name} still runs: end it first.");
        var node = await LaunchAsync(name, before.Ports, arguments, environment).ConfigureAwait(false);
        lock (_nodes)
            _nodes[name] = node;
        _ended.Add(before);
        return node;
    }

    /// <summary>Kills a node as a power failure would, and returns when it is gone.</summary>
    public Task KillAsync(string name) => this[name].KillAsync();

    /// <summary>Sends a node a signal: STOP freezes it, CONT lets it go on.</summary>
    public void Signal(string name, string signal) => this[name].Program.Signal(signal);

    /// <summary>Asks a node to end, as systemd and containers do.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> StopAsync(string name, TimeSpan? limit = null) => this[name].StopAsync(limit);

    /// <summary>A grain client that is connected to these nodes, or to all that run. It ends with the cluster.</summary>
    public async Task<GrainClient> ConnectAsync(params NodeProcess[] nodes)
    {
        var client = await GrainClient.ConnectAsync(new ClusterOptions(), nodes.Length > 0 ? nodes : [.. Running]).ConfigureAwait(false);
        lock (_clients)
            _clients.Add(client);
        return client;
    }

    /// <summary>Ends everything that it started, and deletes its folders.</summary>
    public async ValueTask DisposeAsync()
    {
        // A frozen node would hold up its clients' goodbye.
        foreach (var node in _nodes.Values.Concat(_ended))
            await node.DisposeAsync().ConfigureAwait(false);
        foreach (var client in _clients)
            await client.DisposeAsync().ConfigureAwait(false);
        await Database.DisposeAsync().ConfigureAwait(false);
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<NodeProcess> LaunchAsync(string name, int[]? ports, IEnumerable<string>? arguments, IReadOnlyDictionary<string, string>? environment)
    {
        string[] given = [.. arguments ?? []];
        var variables = new Dictionary<string, string>(_environment, StringComparer.Ordinal);
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
            variables[key] = value;
        var network = _networks is null ? null : await _networks.AddAsync(name).ConfigureAwait(false);
        if (network is not null)
            variables["ROOMGRAINS_Gateway__PublicAddress"] = $"{network.ClientAddress}";
        return await NodeProcess.StartAsync(
            name, [.. given.Contains("--name") ? [] : (string[])["--name", name], "--advertise", $"{network?.ClusterAddress ?? IPAddress.Loopback}", .. _arguments, .. given],
            Path.Combine(_folder, name), variables, ports, network).ConfigureAwait(false);
    }
}
