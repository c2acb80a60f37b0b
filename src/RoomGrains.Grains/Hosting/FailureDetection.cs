using Orleans.Configuration;

namespace RoomGrains.Hosting;

/// <summary>
/// When the silos of a cluster take one of them for dead. <see cref="ClusterOptions.ProbeInterval"/> and
/// <see cref="ClusterOptions.MissedProbes"/> are the operator's; everything else follows from them here.
/// </summary>
internal static class FailureDetection
{
    public static void Configure(ClusterMembershipOptions membership, ClusterOptions cluster)
    {
        var interval = cluster.ProbeInterval;
        membership.ProbeTimeout = interval;
        // By default Orleans asks twice as often as it is told once answers come fast, and takes half a second's pause for a missed probe.
        membership.MinProbeTimeout = interval;
        // A silo whose connection brought something within MaxProbeTimeout * NumMissedProbesLimit, 6 s by default, gets no vote against it, however
        // many probes it missed: that is how long a living process may stand still. A killed one has closed its connections.
        membership.MaxProbeTimeout = interval * 3;
        membership.NumMissedProbesLimit = cluster.MissedProbes;
        // Two silos must agree (the last probe before the vote goes through another one), except where there are only two.
        membership.NumVotesForDeathDeclaration = 2;
        // Who was accused wrongly half a minute ago is no closer to death by it.
        membership.DeathVoteExpirationTimeout = Max(interval * cluster.MissedProbes * 10, TimeSpan.FromSeconds(30));
        // Changes travel by gossip; the table is read for what gossip lost. One small read a silo.
        membership.TableRefreshTimeout = Max(interval * 10, TimeSpan.FromSeconds(5));
        // A cluster whose nodes all died at once leaves them in the table as living. A node that starts waits for those whose sign of life is
        // not older than three of these, that is half a minute. Clocks of nodes must not differ by as much.
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(10);
        membership.NumMissedTableIAmAliveLimit = 3;
        // One that reaches the database and not the other nodes ends and says so, instead of trying for five minutes; supervisors start it again.
        membership.MaxJoinAttemptTime = TimeSpan.FromSeconds(60);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
