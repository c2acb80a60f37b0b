namespace RoomGrains.Cli;

/// <summary>Where the nodes' files are fetched, by what the nodes say of themselves.</summary>
internal sealed class HttpAddresses(IEnumerable<NodeReport> nodes)
{
    private readonly Dictionary<string, string> _byNode = nodes.Where(node => node.HttpAddress.Length > 0).ToDictionary(node => node.Name, node => node.HttpAddress, StringComparer.Ordinal);

    public static async Task<HttpAddresses> OfAsync(Call call) => new(await call.Grains.GetCluster().ListNodes());

    /// <summary>The URL of a path on a node, or on any other, which sends on to it; null where no node is known, or there is no path.</summary>
    public string? Url(string node, string path) =>
        path.Length > 0 && (_byNode.GetValueOrDefault(node) ?? _byNode.Values.FirstOrDefault()) is { } address ? $"http://{address}{path}" : null;
}
