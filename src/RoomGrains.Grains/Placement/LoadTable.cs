using System.Collections.Immutable;
using System.Security.Cryptography;

namespace RoomGrains.Grains.Placement;

/// <summary>
/// How loaded the nodes are, as they last reported, and what has been sent to each since: the one place where a node is chosen, for grains and
/// for clients alike. A node's score is how full it is, by the fullest of what it can run out of; each thing that was sent there after its last
/// report counts as well, for no report shows it yet: so a crowd that comes within a second spreads.
/// </summary>
internal sealed class LoadTable(TimeProvider clock)
{
    /// <summary>
    /// What a thing that was just sent somewhere counts as: a hundredth of a node. High enough that a crowd spreads before the next report
    /// tells what it costs, low enough that a single one goes where the load is least.
    /// </summary>
    public const double Penalty = 0.01;

    /// <summary>Workers whose scores differ by no more than this are equals: a relay less is worth a tenth of a node.</summary>
    private const double Equal = 0.1;

    /// <summary>Nodes report each second: a table that nobody has renewed for so long says nothing any more.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private Dictionary<string, Entry> _nodes = new(StringComparer.Ordinal);
    private DateTimeOffset _updatedAt;

    /// <summary>Takes the reports of all nodes. Who is not among them has left.</summary>
    public void Update(ImmutableArray<NodeReport> reports)
    {
        lock (_gate)
        {
            // What was sent to a node is forgotten when the node has counted again.
            _nodes = reports.ToDictionary(
                r => r.Name, r => _nodes.TryGetValue(r.Name, out var old) && old.Report.At == r.At ? old : new Entry(r), StringComparer.Ordinal);
            _updatedAt = clock.GetUtcNow();
        }
    }

    /// <summary>The least loaded of the nodes that fit, and counts it as sent there; one that drains only where there is no other. Null when none fits.</summary>
    public NodeReport? Choose(Func<NodeReport, bool> fits)
    {
        lock (_gate)
        {
            var best = Living().Where(e => fits(e.Report)).OrderBy(e => e.Report.Draining).ThenBy(e => e.Score).ThenBy(_ => RandomNumberGenerator.GetInt32(int.MaxValue)).FirstOrDefault();
            if (best is not null)
                best.Sent++;
            return best?.Report;
        }
    }

    /// <summary>
    /// The worker for a media job: of those that fit and do not drain one with a free slot, the least loaded, and among equals the one that is
    /// <paramref name="near"/>. What was sent there since its last report counts. Where no slot is free the least loaded of the others, unless <paramref name="free"/> is
    /// asked for. Null: none fits.
    /// </summary>
    public NodeReport? ChooseWorker(string near, bool free, Func<NodeReport, bool> fits)
    {
        lock (_gate)
        {
            var workers = Living().Where(e => e.Report.WorkerSlots > 0 && !e.Report.Draining && fits(e.Report)).ToArray();
            var open = Array.FindAll(workers, e => e.FreeSlots > 0);
            if (open.Length > 0)
                workers = open;
            else if (free)
                return null;
            var least = workers.Length == 0 ? 0 : workers.Min(e => e.JobScore);
            var best = workers.Where(e => e.JobScore <= least + Equal).OrderBy(e => e.Report.Name != near).ThenBy(e => e.JobScore)
                .ThenBy(_ => RandomNumberGenerator.GetInt32(int.MaxValue)).FirstOrDefault();
            if (best is not null)
                best.Jobs++;
            return best?.Report;
        }
    }

    /// <summary>
    /// Where a client that is on a node, or comes to it, is clearly better off: on another that fits, does not drain, and whose score is lower by the margin; any
    /// such where its own node drains. Counts it as sent there. Null when it is best left where it is.
    /// </summary>
    public NodeReport? BetterThan(string node, double margin, Func<NodeReport, bool> fits)
    {
        lock (_gate)
        {
            var own = Living().FirstOrDefault(e => e.Report.Name == node);
            var best = Living().Where(e => e != own && !e.Report.Draining && fits(e.Report)).MinBy(e => e.Score);
            if (own is null || best is null || (!own.Report.Draining && best.Score + margin > own.Score))
                return null;
            best.Sent++;
            return best.Report;
        }
    }

    /// <summary>How full a node is: 0 is empty, 1 is full. What a node has not told the limit of does not count.</summary>
    public static double Fullness(NodeReport node)
    {
        ReadOnlySpan<double> parts =
        [
            Part(node.CpuCores, node.Cores), Part(node.MemoryBytes, node.MemoryLimitBytes),
            Part(node.EgressBitsPerSecond, node.EgressCapacity), Part(node.Clients, node.MaxClients),
        ];
        var fullest = 0.0;
        foreach (var part in parts)
            fullest = Math.Max(fullest, part);
        return fullest;

        static double Part(double used, double limit) => limit > 0 ? used / limit : 0;
    }

    private Dictionary<string, Entry>.ValueCollection Living()
    {
        if (clock.GetUtcNow() - _updatedAt >= Lifetime)
            _nodes.Clear();
        return _nodes.Values;
    }

    private sealed class Entry(NodeReport report)
    {
        private readonly double _fullness = Fullness(report);

        public NodeReport Report => report;

        public int Sent { get; set; }

        public double Score => _fullness + Sent * Penalty;

        /// <summary>Media jobs that were sent there after its last report.</summary>
        public int Jobs { get; set; }

        public int FreeSlots => report.WorkerSlots - report.WorkersBusy - Jobs;

        /// <summary>How full it is for media jobs: a slot that is taken counts before its FFmpeg has used any processor time.</summary>
        public double JobScore => Math.Max(Score, (report.WorkersBusy + Jobs) / (double)report.WorkerSlots);
    }
}
