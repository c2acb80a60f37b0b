namespace RoomGrains.Cluster.Tests.Clients;

/// <summary>What <c>scripts/packages test</c> has installed from npm.</summary>
internal static class NpmPackages
{
    /// <summary>A file of a package; it may not be there.</summary>
    public static string PathOf(string package, params string[] file) => Path.Combine(
    [
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "roomgrains", "test", "node_modules", package, .. file,
    ]);
}
