using RoomGrains.Gateway;
using RoomGrains.Grains.Storage;
using RoomGrains.Node.Settings;

namespace RoomGrains.Node.Isolation;

/// <summary>
/// Takes no clients on a node that is cut off from the other nodes and from the database: its rooms are not what the others see, and its clients
/// are better off elsewhere. It disconnects them, and takes clients again when it hears the others.
/// </summary>
/// <remarks>
/// Both must be gone. The others alone: a silo that hosted the cluster's grain has died, and it takes some seconds until that is noticed; or the
/// way to them is cut, and then one side is declared dead in the database and ends by itself. The database alone: the nodes hear each other as
/// ever, and go on with what is in memory. Where the database is away and then the node with the cluster's grain dies, too, the others hear nobody
/// and give up their clients: nobody can tell that from being cut off.
/// </remarks>
internal sealed partial class IsolationGuard(IsolationWatch watch, GatewayService gateway, NodeSettings settings, TimeProvider time, ILogger<IsolationGuard> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DatabaseTime = TimeSpan.FromSeconds(3);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (settings.Cluster.IsLocal)
            return;
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await LookAsync(watch, gateway, DatabaseAnswersAsync, log, stoppingToken);
    }

    /// <summary>One look: isolates the gateway, or ends that.</summary>
    internal static async Task LookAsync(
        IsolationWatch watch, GatewayService gateway, Func<CancellationToken, Task<bool>> databaseAnswers, ILogger log, CancellationToken cancel)
    {
        if (watch.IsCutOff)
        {
            // Asked only now: in good times nobody asks the database anything.
            if (await databaseAnswers(cancel))
            {
                watch.Trust();
            }
            else if (!gateway.Isolated)
            {
                Log.CutOff(log, watch.Missed);
                gateway.Isolate();
                return;
            }
        }
        if (gateway.Isolated && !watch.IsCutOff)
        {
            gateway.Rejoin();
            Log.Back(log);
        }
    }

    private async Task<bool> DatabaseAnswersAsync(CancellationToken cancel)
    {
        try
        {
            await PostgresDatabase.Check(settings.Cluster.ConnectionString, cancel).WaitAsync(DatabaseTime, time, cancel);
            return true;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.DatabaseAway(log, e.Message);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(4040, LogLevel.Error, "This node is cut off: {Missed} other nodes are not heard any more, and the database does not answer. Its clients are disconnected, and new ones refused, until it hears the others (Node:IsolationTime)")]
        public static partial void CutOff(ILogger logger, int missed);

        [LoggerMessage(4041, LogLevel.Information, "This node is no longer cut off, and takes clients again")]
        public static partial void Back(ILogger logger);

        [LoggerMessage(4042, LogLevel.Warning, "No other node is heard, and the database does not answer: {Reason}")]
        public static partial void DatabaseAway(ILogger logger, string reason);
    }
}
