using System.CommandLine;
using System.Diagnostics;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl nodes drain</c></summary>
internal static class DrainCommand
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>How long a node may take to say that it drains: it reports each second.</summary>
    private static readonly TimeSpan Begin = TimeSpan.FromSeconds(10);

    /// <summary>How long a node may take beyond its time: its last sessions and its silo end.</summary>
    private static readonly TimeSpan End = TimeSpan.FromSeconds(30);

    public static Command Create(RoomCtl roomctl)
    {
        var name = new Argument<string>("NAME") { Description = "The node." };
        var within = new Option<TimeSpan>("--within")
        {
            Description = $"Who is still connected then is disconnected: {Hosting.Duration.Rule}.",
            HelpName = "DURATION",
            CustomParser = Values.Duration,
            DefaultValueFactory = _ => TimeSpan.FromMinutes(1),
        };
        var wait = new Option<bool>("--wait") { Description = "Say how far it is, and return when the node is gone: the default." };
        var noWait = new Option<bool>("--no-wait") { Description = "Return when the node has been told." };
        var command = new DocumentedCommand("drain",
            "Make a node leave the cluster without hurting its clients: it takes no new ones, asks those that can to connect to another node, "
            + "ends the others at a key frame, and its process ends in order.",
            "roomctl nodes drain n1", "roomctl nodes drain n1 --within 5m", "roomctl nodes drain n1 --no-wait")
        { name, within, wait, noWait };
        command.Validators.Add(result =>
        {
            if (result.GetValue(wait) && result.GetValue(noWait))
                result.AddError("--wait and --no-wait: which one?");
        });
        return roomctl.Asks(command, call => DrainAsync(call, call.Get(name), call.Get(within), !call.Get(noWait)), parsed => parsed.GetValue(within) + End);
    }

    private static async Task DrainAsync(Call call, string name, TimeSpan within, bool wait)
    {
        var cluster = call.Grains.GetCluster();
        if (Find(await cluster.ListNodes(), name) is { Draining: true } already)
            throw new RefusalException(new Refusal(RefusalCode.AlreadyDecided, $"The node {name} drains already: {Left(already)}. 'roomctl nodes list' shows how far it is."));
        var answer = await cluster.DrainNode(name, within);
        if (!answer.IsDone)
            throw new RefusalException(answer.Refusal);
        var watch = Stopwatch.StartNew();
        call.Output.Progress(wait ? $"{name} drains within {Hosting.Duration.Format(within)}." : $"{name} has been told to drain within {Hosting.Duration.Format(within)}.");
        if (wait)
            await UntilGoneAsync(call, name, watch);
        call.Output.Write(new NodeDrainedView(name, wait, wait ? Math.Round(watch.Elapsed.TotalSeconds, 1) : 0), Views.Default.NodeDrainedView, output =>
        {
            if (wait)
                output.Line($"{name} is gone after {Human.Span(watch.Elapsed)}.");
        });
    }

    private static async Task UntilGoneAsync(Call call, string name, Stopwatch watch)
    {
        var (seen, said) = (false, "");
        while (true)
        {
            await Task.Delay(Poll, call.Cancel);
            NodeReport? node;
            try
            {
                node = Find(await call.Grains.GetCluster().ListNodes().WaitAsync(3 * Poll, call.Cancel), name);
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or IOException)
            {
                // We may be connected through the node that leaves: its client gateway closes at its very end.
                if (seen && !await call.Listens(call.Cancel))
                    return;
                continue;
            }
            if (node is null)
                return;
            seen |= node.Draining;
            if (!seen && watch.Elapsed > Begin)
                throw new UnreachableException($"{name} was told to drain and does not say that it does. Is it frozen, or cut off from the others? Its log says more.");
            if (seen && Left(node) is var left && left != said)
                call.Output.Progress($"{name}: {said = left}");
        }
    }

    private static NodeReport? Find(IEnumerable<NodeReport> nodes, string name) => nodes.FirstOrDefault(node => node.Name == name);

    private static string Left(NodeReport node) =>
        $"{node.Clients} {(node.Clients == 1 ? "client" : "clients")} and {node.Streams} {(node.Streams == 1 ? "stream" : "streams")} left";
}
