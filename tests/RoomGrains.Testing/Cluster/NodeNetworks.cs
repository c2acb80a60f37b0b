using System.Net;
using System.Security.Cryptography;

namespace RoomGrains.Testing;

/// <summary>
/// A network of its own for each node: a network namespace with two cables, one to the other nodes and the database, one to the clients.
/// The first can be pulled: what is sent then is lost, and nobody hears of it, as when a switch dies. Linux, and root.
/// </summary>
public sealed class NodeNetworks : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    // Names of interfaces have 15 characters at the most.
    private readonly string _id = RandomNumberGenerator.GetHexString(4, lowercase: true);
    private readonly int _subnet = RandomNumberGenerator.GetInt32(256);
    private readonly List<NodeNetwork> _networks = [];

    private NodeNetworks()
    {
    }

    /// <summary>The address of this machine in the nodes' network: the database listens there.</summary>
    public IPAddress Address => IPAddress.Parse($"10.213.{_subnet}.254");

    private string ClusterBridge => $"rg{_id}n";
    private string ClientBridge => $"rg{_id}c";

    /// <summary>Makes the networks.</summary>
    /// <returns>Null, and why not, where this machine does not allow it.</returns>
    public static async Task<(NodeNetworks? Networks, string WhyNot)> TryCreateAsync()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
            return (null, "Network namespaces need Linux and root: the tests of a torn network are skipped.");
        var networks = new NodeNetworks();
        try
        {
            await networks.BridgeAsync(networks.ClusterBridge, $"{networks.Address}/24").ConfigureAwait(false);
            await networks.BridgeAsync(networks.ClientBridge, $"10.214.{networks._subnet}.254/24").ConfigureAwait(false);
            await networks.AddAsync("probe").ConfigureAwait(false);
            return (networks, "");
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            await networks.DisposeAsync().ConfigureAwait(false);
            return (null, $"This machine does not let us make network namespaces, so that the tests of a torn network are skipped: {e.Message}");
        }
    }

    /// <summary>The network of a node; made when it is asked for first.</summary>
    public async Task<NodeNetwork> AddAsync(string node)
    {
        NodeNetwork? network;
        lock (_networks)
        {
            network = _networks.Find(n => n.Node == node);
            if (network is not null)
                return network;
            var host = _networks.Count + 1;
            network = new(node, $"rg{_id}{host}", IPAddress.Parse($"10.213.{_subnet}.{host}"), IPAddress.Parse($"10.214.{_subnet}.{host}"));
            _networks.Add(network);
        }
        await IpAsync("netns", "add", network.Namespace).ConfigureAwait(false);
        await IpAsync("-n", network.Namespace, "link", "set", "lo", "up").ConfigureAwait(false);
        await CableAsync(network, "n", ClusterBridge, network.ClusterAddress).ConfigureAwait(false);
        await CableAsync(network, "c", ClientBridge, network.ClientAddress).ConfigureAwait(false);
        return network;
    }

    /// <summary>Pulls the cable between a node and the others with the database. Its clients go on reaching it.</summary>
    public Task CutAsync(string node) => SetAsync(node, "down");

    /// <summary>Puts the cable back.</summary>
    public Task MendAsync(string node) => SetAsync(node, "up");

    /// <summary>Deletes the networks; the processes in them must have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var network in _networks)
            await TryIpAsync("netns", "delete", network.Namespace).ConfigureAwait(false);
        await TryIpAsync("link", "delete", ClusterBridge).ConfigureAwait(false);
        await TryIpAsync("link", "delete", ClientBridge).ConfigureAwait(false);
    }

    private Task SetAsync(string node, string state)
    {
        lock (_networks)
            return IpAsync("link", "set", $"{_networks.Single(n => n.Node == node).Namespace}n", state);
    }

    private async Task BridgeAsync(string name, string address)
    {
        await IpAsync("link", "add", name, "type", "bridge").ConfigureAwait(false);
        await IpAsync("address", "add", address, "dev", name).ConfigureAwait(false);
        await IpAsync("link", "set", name, "up").ConfigureAwait(false);
    }

    private static async Task CableAsync(NodeNetwork network, string which, string bridge, IPAddress address)
    {
        var outside = $"{network.Namespace}{which}";
        await IpAsync("link", "add", outside, "type", "veth", "peer", "name", $"eth{which}", "netns", network.Namespace).ConfigureAwait(false);
        await IpAsync("link", "set", outside, "master", bridge, "up").ConfigureAwait(false);
        await IpAsync("-n", network.Namespace, "address", "add", $"{address}/24", "dev", $"eth{which}").ConfigureAwait(false);
        await IpAsync("-n", network.Namespace, "link", "set", $"eth{which}", "up").ConfigureAwait(false);
    }

    private static async Task IpAsync(params string[] arguments)
    {
        await using var program = RunningProgram.Start("ip", arguments);
        if (await program.ExitAsync(Limit).ConfigureAwait(false) is not 0 and var code)
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)} ended with {code}: {program.Output.Trim()}");
    }

    private static async Task TryIpAsync(params string[] arguments)
    {
        await using var program = RunningProgram.Start("ip", arguments);
        await program.ExitAsync(Limit).ConfigureAwait(false);
    }
}

/// <summary>The network of one node.</summary>
/// <param name="Node">The node.</param>
/// <param name="Namespace">The name of the network namespace.</param>
/// <param name="ClusterAddress">The node's address among the nodes.</param>
/// <param name="ClientAddress">The node's address for clients.</param>
public sealed record NodeNetwork(string Node, string Namespace, IPAddress ClusterAddress, IPAddress ClientAddress);
