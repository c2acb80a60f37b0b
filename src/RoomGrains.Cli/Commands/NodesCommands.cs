using System.CommandLine;
using System.Globalization;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl nodes …</c></summary>
internal static class NodesCommands
{
    public static Command Create(RoomCtl roomctl) => new DocumentedCommand("nodes", "List the nodes of the cluster, and make one leave.", "roomctl nodes list", "roomctl nodes drain n1")
    {
        List(roomctl), DrainCommand.Create(roomctl),
    };

    private static Command List(RoomCtl roomctl) => roomctl.Asks(
        new DocumentedCommand("list", "The nodes, their clients and their load.", "roomctl nodes list", "roomctl nodes list --json"),
        async call =>
        {
            IReadOnlyList<NodeView> nodes = [.. (await call.Grains.GetCluster().ListNodes()).Select(NodeView.Of)];
            call.Output.Write(nodes, Views.Default.IReadOnlyListNodeView, output => output.Table(nodes, "No node has reported yet.",
                ("NODE", node => node.Name),
                ("STATE", node => node.Draining ? "draining" : "up"),
                ("ROLES", node => string.Join(' ', node.Roles)),
                ("RTMP", node => node.RtmpAddress),
                ("CLIENTS", node => $"{node.Clients}"),
                ("PENDING", node => $"{node.Pending}"),
                ("STREAMS", node => $"{node.Streams}"),
                ("PLAYERS", node => $"{node.Players}"),
                ("RELAYS", node => $"{node.Relays}"),
                ("JOBS", node => node.WorkerSlots > 0 ? $"{node.WorkersBusy}/{node.WorkerSlots}" : "-"),
                ("CPU", node => string.Create(CultureInfo.InvariantCulture, $"{node.CpuCores:0.00}/{node.Cores}")),
                ("MEMORY", node => Human.Bytes(node.MemoryBytes)),
                ("OUT", node => Human.Bits(node.EgressBitsPerSecond)),
                ("UP", node => Human.Ago(node.Started)),
                ("VERSION", node => node.Version)));
        });
}
