using RoomGrains.Gateway;
using RoomGrains.Grains.Placement;
using RoomGrains.Node.Isolation;
using RoomGrains.Node.Settings;

namespace RoomGrains.Node.Hosting;

/// <summary>Tells the cluster about once a second what this node is and how loaded it is, and at the end that it leaves.</summary>
internal sealed partial class NodeReporter(
    IGrainFactory grains, NodeFacts facts, GatewayService gateway, LoadTable loads, IsolationWatch isolation, NodeSettings settings, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<NodeReporter> log) : BackgroundService
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(3);

    /// <summary>While the gateway starts: a node that says that it is ready is to be known to the cluster soon, for its jobs as for its clients.</summary>
    private static readonly TimeSpan StartPause = TimeSpan.FromMilliseconds(20);

    /// <summary>The name is another's: that one must not be removed in this one's stead.</summary>
    private bool _nameTaken;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (_nameTaken)
            return;
        try
        {
            await grains.GetCluster().RemoveNode(facts.Name).WaitAsync(TimeSpan.FromSeconds(2), time, cancellationToken);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or OperationCanceledException)
        {
            // The cluster forgets a silent node by itself; it only takes longer.
            Log.LeftSilently(log, e.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (; !stoppingToken.IsCancellationRequested; await PauseAsync(stoppingToken))
        {
            // The gateway starts after this and stops before it: that a node drains is reported, too.
            if (gateway.Observer is not { } observer)
                continue;
            try
            {
                // A call into a network that is cut is not waited for to Orleans' time-out: nobody would be heard in the meantime.
                var nodes = await grains.GetCluster().ReportNode(facts.Take(), observer).WaitAsync(AnswerTime, time, stoppingToken);
                if (nodes.IsDone)
                {
                    loads.Update(nodes.Value);
                    isolation.Heard(nodes.Value);
                }
                else if (nodes.Refusal.Code is RefusalCode.NodeNameTaken)
                {
                    Log.NameTaken(log, nodes.Refusal.Message);
                    _nameTaken = true;
                    Environment.ExitCode = NodeProgram.Failed;
                    lifetime.StopApplication();
                    return;
                }
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                Log.ReportFailed(log, e.Message);
            }
        }
    }

    private async Task PauseAsync(CancellationToken stoppingToken)
    {
        // That this node drains is reported at once: nothing more is to be placed here.
        using var sooner = CancellationTokenSource.CreateLinkedTokenSource(
            stoppingToken, gateway.Draining.IsCancellationRequested ? CancellationToken.None : gateway.Draining);
        await Task.Delay(gateway.Observer is null ? StartPause : settings.Node.ReportInterval, time, sooner.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static partial class Log
    {
        [LoggerMessage(4020, LogLevel.Warning, "The report of this node's load did not reach the cluster: {Reason}")]
        public static partial void ReportFailed(ILogger logger, string reason);

        [LoggerMessage(4022, LogLevel.Critical, "This node ends: {Reason}")]
        public static partial void NameTaken(ILogger logger, string reason);

        [LoggerMessage(4021, LogLevel.Warning, "This node could not tell the cluster that it leaves: {Reason}")]
        public static partial void LeftSilently(ILogger logger, string reason);
    }
}
