using System.Reflection;
using System.Runtime.Loader;

namespace RoomGrains.Node.Hosting;

/// <summary>
/// Loads the operator's own assemblies into the node, and calls what they name with <see cref="HostingStartupAttribute"/>, which is ASP.NET Core's way for code
/// from outside to add services. What they stand on is found beside them.
/// </summary>
internal static class Plugins
{
    public static void Configure(IWebHostBuilder web, IEnumerable<string> files)
    {
        foreach (var file in files.Select(Path.GetFullPath))
        {
            var startups = Load(file).GetCustomAttributes<HostingStartupAttribute>().ToArray();
            if (startups.Length == 0)
                throw new StartException($"{file} (Node:Plugins) names nothing to start: it needs [assembly: HostingStartup(typeof(…))].");
            foreach (var startup in startups)
                ((IHostingStartup)Activator.CreateInstance(startup.HostingStartupType)!).Configure(web);
        }
    }

    private static Assembly Load(string file)
    {
        if (!File.Exists(file))
            throw new StartException($"There is no {file} (Node:Plugins).");
        var beside = new AssemblyDependencyResolver(file);
        AssemblyLoadContext.Default.Resolving += (context, name) => beside.ResolveAssemblyToPath(name) is { } path ? context.LoadFromAssemblyPath(path) : null;
        try
        {
            return AssemblyLoadContext.Default.LoadFromAssemblyPath(file);
        }
        catch (BadImageFormatException e)
        {
            throw new StartException($"{file} (Node:Plugins) is no assembly: {e.Message}");
        }
    }
}
