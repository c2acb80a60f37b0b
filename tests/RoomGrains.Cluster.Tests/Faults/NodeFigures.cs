using System.Globalization;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Faults;

/// <summary>What a node's process holds.</summary>
/// <param name="Sockets">Open sockets: those of the database's pool, of silos and grain clients come and go.</param>
/// <param name="RtmpSockets">Those of RTMP, to clients and to other nodes; the listener is one.</param>
/// <param name="Threads">Threads.</param>
/// <param name="ResidentMiB">Memory in use, in MiB.</param>
internal sealed record NodeFigures(int Sockets, int RtmpSockets, int Threads, double ResidentMiB)
{
    /// <summary>Looks into /proc.</summary>
    /// <param name="node">The node.</param>
    /// <param name="rtmpPorts">The RTMP ports of all nodes.</param>
    public static NodeFigures Of(NodeProcess node, IReadOnlySet<int> rtmpPorts)
    {
        var process = $"/proc/{node.Program.Id}";
        var sockets = Directory.EnumerateFileSystemEntries($"{process}/fd").Select(TargetOf).Where(target => target.StartsWith("socket:[", StringComparison.Ordinal))
            .Select(target => target["socket:[".Length..^1]).ToHashSet(StringComparer.Ordinal);
        // Local address, remote address, state, …, inode. Ports are in hexadecimal.
        var rtmp = new[] { "tcp", "tcp6" }.SelectMany(table => File.ReadLines($"{process}/net/{table}").Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Count(fields => sockets.Contains(fields[9]) && (rtmpPorts.Contains(PortOf(fields[1])) || rtmpPorts.Contains(PortOf(fields[2]))));
        var status = File.ReadAllLines($"{process}/status").Select(line => line.Split(':', 2)).ToDictionary(parts => parts[0], parts => parts[1].Trim());
        var resident = double.Parse(status["VmRSS"].Split(' ')[0], CultureInfo.InvariantCulture) / 1024;
        return new NodeFigures(sockets.Count, rtmp, int.Parse(status["Threads"], CultureInfo.InvariantCulture), resident);
    }

    private static int PortOf(string address) => int.Parse(address.AsSpan(address.IndexOf(':', StringComparison.Ordinal) + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string TargetOf(string file)
    {
        try
        {
            return new FileInfo(file).LinkTarget ?? "";
        }
        catch (IOException)
        {
            // Closed between our look at the folder and at the file.
            return "";
        }
    }
}
