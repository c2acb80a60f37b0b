using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Runtime.Placement;
using RoomGrains.Grains.Placement;
using RoomGrains.Grains.Storage;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Nodes;

/// <summary>What is durable about the cluster.</summary>
[GenerateSerializer, Alias("RoomGrains.Grains.ClusterState")]
internal sealed record ClusterState
{
    /// <summary>Names of the applications that are, or were, in use.</summary>
    [Id(0)] public ImmutableSortedSet<string> Applications { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);
}

/// <summary>
/// Nodes and applications of the cluster. Nodes are soft state, whole again a second after this grain came up elsewhere. Reentrant: reports
/// go on while a new application is written.
/// </summary>
/// <remarks>
/// Two activations can exist for a moment when the cluster is torn: each knows the nodes that report to it. A room that gathers its members
/// then may ask too few; those who were not asked report by themselves within seconds. Silos place by the nodes that they hear of, which are
/// some of those there are; a drain may be told that there is no such node, and is asked for again. Of two that write, the second is told by the
/// storage's version check and ends; the directory that asked for it asks again.
/// </remarks>
[Reentrant]
internal sealed partial class ClusterGrain(
    [PersistentState("cluster")] IPersistentState<ClusterState> state,
    IOptions<AdmissionOptions> options,
    GrainMetrics metrics,
    SiloLife silos,
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock,
    ILogger<ClusterGrain> logger) : Grain, IClusterGrain, IGrainMigrationParticipant
{
    private const string NodesKey = "nodes";

    private static readonly TimeSpan LongestDrain = TimeSpan.FromHours(24);

    /// <summary>Nodes report about once a second: five lost reports, and the node is not there.</summary>
    private static readonly TimeSpan NodeLifetime = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long this grain, when it comes up in a cluster that has been in use, listens before it says where the nodes are: they report
    /// once a second, and a room that came up with it, after the same silo's death, would ask none of them who is in it. Where no
    /// application was ever in use, there is nobody to ask for.
    /// </summary>
    internal static readonly TimeSpan Listening = TimeSpan.FromSeconds(1.5);

    private readonly StateStore<ClusterState> _store = new(state);
    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private readonly LoadTable _loads = new(clock);
    private Task _listened = Task.CompletedTask;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Where it moved with its memory there is nothing to wait for.
        if (_store.Value.Applications.Count > 0 && _nodes.Count == 0)
            _listened = Task.Delay(Listening, clock, CancellationToken.None);
        return Task.CompletedTask;
    }

    public Task<Answer<ImmutableArray<NodeReport>>> ReportNode(NodeReport report, INodeObserver observer)
    {
        // The younger of two gives way. One that has just died is no hindrance: its successor comes up when membership knows of it.
        if (Living().FirstOrDefault(n => n.Report.Name == report.Name) is { } other && SiloLife.IsElder(other.Report.SiloAddress, report.SiloAddress))
            return Task.FromResult<Answer<ImmutableArray<NodeReport>>>(new Refusal(
                RefusalCode.NodeNameTaken, $"The cluster has a living node named {report.Name} already, {other.Report.SiloAddress}, and names are unique. Give one of them another name (--name)."));
        _nodes[report.Name] = new Node(report, observer, clock.GetUtcNow());
        if (report.Draining && GrainContext.Address.SiloAddress?.Equals(SiloLife.Parse(report.SiloAddress)) == true)
            MoveAway();
        return Task.FromResult<Answer<ImmutableArray<NodeReport>>>(Reports());
    }

    /// <summary>
    /// This grain's own node leaves. Orleans ends the grains of a silo that stops without their memory, and this one would have to listen for its nodes
    /// anew, while every room that comes up elsewhere in the same moment waits for it: so it goes before, and takes them along. (Rooms
    /// need not: they ask the nodes, which answer within milliseconds.)
    /// </summary>
    private void MoveAway()
    {
        var others = Living().Where(n => !n.Report.Draining).Select(n => SiloLife.Parse(n.Report.SiloAddress)).OfType<SiloAddress>();
        if (others.FirstOrDefault() is not { } target)
            return;
        RequestContext.Set(IPlacementDirector.PlacementHintKey, target);
        MigrateOnIdle();
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);
    }

    public void OnDehydrate(IDehydrationContext context) =>
        context.TryAddValue(NodesKey, _nodes.Values.Select(n => (n.Report, n.Observer, n.At)).ToList());

    public void OnRehydrate(IRehydrationContext context)
    {
        if (context.TryGetValue<List<(NodeReport Report, INodeObserver Observer, DateTimeOffset At)>>(NodesKey, out var nodes))
            foreach (var (report, observer, at) in nodes!)
                _nodes[report.Name] = new Node(report, observer, at);
    }

    public Task<Answer> DrainNode(string name, TimeSpan within)
    {
        if (within < TimeSpan.Zero || within > LongestDrain)
            return Task.FromResult<Answer>(new Refusal(RefusalCode.InvalidSetting, $"A node cannot drain within {within}: give 0 to {LongestDrain.TotalHours:0} h."));
        if (Living().FirstOrDefault(n => n.Report.Name == name) is not { } node)
            return Task.FromResult<Answer>(new Refusal(RefusalCode.UnknownNode, $"There is no node '{name}'. 'roomctl nodes list' shows them."));
        node.Observer.Drain(within).Ignore();
        return Task.FromResult(Answer.Done);
    }

    public Task<Answer<NodeReport>> FindGateway(string? except)
    {
        _loads.Update(Reports());
        return Task.FromResult<Answer<NodeReport>>(_loads.Choose(n => n.Roles.Contains(NodeRoles.Gateway) && !n.Draining && n.Name != except) is { } gateway
            ? gateway
            : new Refusal(RefusalCode.Unavailable, "No other node takes clients now."));
    }

    public Task RemoveNode(string name)
    {
        _nodes.Remove(name);
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<NodeReport>> ListNodes() => Task.FromResult(Reports());

    public async Task<ImmutableArray<INodeObserver>> ListObservers()
    {
        await _listened;
        return [.. Living().Select(n => n.Observer)];
    }

    public Task ReportApplication(string application)
    {
        if (_store.Value.Applications.Contains(application) || !Names.IsValid(application))
            return Task.CompletedTask;
        if (_store.Value.Applications.Count < options.Value.MaxApplications)
            return _store.Change(s => s with { Applications = s.Applications.Add(application) });
        metrics.LimitHit("applications");
        Log.TooManyApplications(logger, options.Value.MaxApplications, application);
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<string>> ListApplications() => Task.FromResult<ImmutableArray<string>>([.. _store.Value.Applications]);

    private ImmutableArray<NodeReport> Reports() => [.. Living().Select(n => n.Report).OrderBy(r => r.Name, StringComparer.Ordinal)];

    private Dictionary<string, Node>.ValueCollection Living()
    {
        var now = clock.GetUtcNow();
        foreach (var (name, node) in _nodes)
            if (now - node.At >= NodeLifetime || silos.IsDead(node.Report.SiloAddress))
                _nodes.Remove(name);
        return _nodes.Values;
    }

    private sealed record Node(NodeReport Report, INodeObserver Observer, DateTimeOffset At);

    private static partial class Log
    {
        [LoggerMessage(1300, LogLevel.Warning, "The cluster knows {Limit} applications and does not remember {Application} (Admission:MaxApplications)")]
        public static partial void TooManyApplications(ILogger logger, int limit, string application);
    }
}
