using System.Globalization;
using System.Text;
using RoomGrains.Node.Settings;

namespace RoomGrains.Node.Hosting;

/// <summary>What a node says when it has started: what listens where, and what to try next.</summary>
internal static class StartupText
{
    public static string Of(NodeSettings settings)
    {
        var (node, cluster, gateway) = (settings.Node, settings.Cluster, settings.Gateway);
        var rtmp = $"rtmp://127.0.0.1{(gateway.RtmpPort == 1935 ? "" : Invariant($":{gateway.RtmpPort}"))}/chat/lobby/alice";
        var connect = cluster.ClientGatewayPort == 30000 ? "" : Invariant($" --connect 127.0.0.1:{cluster.ClientGatewayPort}");
        var state = cluster.IsLocal ? "alone, state in SQLite" : $"of cluster {cluster.ClusterId}, state in PostgreSQL";
        return new StringBuilder()
            .AppendLine($"roomgrains {NodeFacts.Version}: node {node.EffectiveName}, {state}, data in {node.EffectiveDataFolder}")
            .AppendLine(Invariant($"  RTMP       {gateway.ListenAddress}:{gateway.RtmpPort}"))
            .AppendLine(Invariant($"  HTTP       {node.HttpAddress}:{node.HttpPort}    /health/live /health/ready /metrics /hls /recordings /thumbnails"))
            .AppendLine(Invariant($"  admin      http://{node.AdminAddress}:{node.AdminPort}/dashboard/    token: {(node.AdminToken.Length > 0 ? "Node:AdminToken" : Path.Combine(node.EffectiveDataFolder, "admin-token"))}"))
            .AppendLine(Invariant($"  roomctl    127.0.0.1:{cluster.ClientGatewayPort}    silo 127.0.0.1:{cluster.SiloPort}"))
            .AppendLine("Try:")
            .AppendLine($"  ffmpeg -re -f lavfi -i testsrc2=s=640x360:r=25 -f lavfi -i sine -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p -c:a aac -f flv {rtmp}")
            .AppendLine($"  ffplay {rtmp}")
            .AppendLine($"  scripts/roomctl{connect} rooms show chat/lobby")
            .AppendLine("Ready. Ctrl+C ends it.")
            .ToString();
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
