using Microsoft.Extensions.Time.Testing;
using RoomGrains.Grains.Placement;

namespace RoomGrains.Grains.Tests.Placement;

/// <summary>Which node is chosen.</summary>
public sealed class LoadTableTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly LoadTable _loads;

    public LoadTableTests() => _loads = new LoadTable(_clock);

    private NodeReport Node(string name, double cpu = 0, bool draining = false, int clients = 0) => new()
    {
        Name = name, CpuCores = cpu, Cores = 4, Clients = clients, MaxClients = 1000, Draining = draining, At = _clock.GetUtcNow(), SiloAddress = name,
    };

    private Dictionary<string, int> Spread(int things) =>
        Enumerable.Range(0, things).Select(_ => _loads.Choose(_ => true)!.Name).CountBy(name => name).ToDictionary();

    [Fact]
    public void A_node_is_as_full_as_the_fullest_of_what_it_can_run_out_of()
    {
        var node = new NodeReport
        {
            Name = "a", CpuCores = 1, Cores = 4, MemoryBytes = 5, MemoryLimitBytes = 10, EgressBitsPerSecond = 3, EgressCapacity = 4, Clients = 1, MaxClients = 10,
        };
        Assert.Equal(0.75, LoadTable.Fullness(node));
        Assert.Equal(0.5, LoadTable.Fullness(node with { EgressCapacity = 0 }));
        Assert.Equal(0, LoadTable.Fullness(new NodeReport { Name = "says nothing", CpuCores = 3, MemoryBytes = 1 }));
    }

    [Fact]
    public void The_least_loaded_is_chosen()
    {
        _loads.Update([Node("a", cpu: 3), Node("b", cpu: 1), Node("c", clients: 900)]);
        Assert.Equal("b", _loads.Choose(_ => true)!.Name);
        Assert.Equal("a", _loads.Choose(n => n.Name != "b")!.Name);
        Assert.Null(_loads.Choose(_ => false));
    }

    [Fact]
    public void A_crowd_spreads_before_anybody_has_reported_again_and_fills_the_emptier_first()
    {
        var table = new List<string> { "loads at first    things  went to a, b, c" };
        foreach (var (loads, things, atMost) in (((double A, double B, double C), int, int[])[])
            [((0, 0, 0), 1000, [334, 334, 334]), ((3.6, 0.4, 0.4), 60, [0, 30, 30]), ((3.6, 0.4, 0.4), 300, [47, 127, 127]), ((1.2, 0.8, 0.4), 10, [0, 1, 10])])
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            _loads.Update([Node("a", loads.A), Node("b", loads.B), Node("c", loads.C)]);
            var spread = Spread(things);
            int[] went = [spread.GetValueOrDefault("a"), spread.GetValueOrDefault("b"), spread.GetValueOrDefault("c")];
            table.Add($"{loads.A / 4,4:0%} {loads.B / 4,4:0%} {loads.C / 4,4:0%} {things,9}    {went[0],3} {went[1],3} {went[2],3}");
            Assert.All(went.Zip(atMost), pair => Assert.InRange(pair.First, 0, pair.Second));
            Assert.Equal(things, went.Sum());
        }
        TestContext.Current.TestOutputHelper!.WriteLine(string.Join('\n', table));
    }

    [Fact]
    public void What_was_sent_counts_until_the_node_has_counted_again()
    {
        _loads.Update([Node("a"), Node("b", cpu: 0.06)]);
        Assert.Equal("a", _loads.Choose(_ => true)!.Name);
        Assert.Equal("a", _loads.Choose(_ => true)!.Name);
        // The same reports once more, as a second node's answer brings them.
        _loads.Update([Node("a"), Node("b", cpu: 0.06)]);
        Assert.Equal("b", _loads.Choose(_ => true)!.Name);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _loads.Update([Node("a"), Node("b", cpu: 0.06)]);
        Assert.Equal("a", _loads.Choose(_ => true)!.Name);
    }

    [Fact]
    public void A_node_that_drains_is_chosen_only_where_there_is_no_other()
    {
        _loads.Update([Node("a", draining: true), Node("b", cpu: 4)]);
        Assert.Equal("b", _loads.Choose(_ => true)!.Name);
        Assert.Equal("a", _loads.Choose(n => n.Name == "a")!.Name);
    }

    [Fact]
    public void A_table_that_nobody_renews_says_nothing()
    {
        _loads.Update([Node("a")]);
        _clock.Advance(LoadTable.Lifetime);
        Assert.Null(_loads.Choose(_ => true));
    }

    [Fact]
    public void A_client_moves_only_where_it_is_clearly_better_off()
    {
        _loads.Update([Node("a", cpu: 2), Node("b", cpu: 1.2)]);
        Assert.Null(_loads.BetterThan("a", 0.25, _ => true));
        Assert.Equal("b", _loads.BetterThan("a", 0.2, _ => true)!.Name);
        // The one that was just sent there counts.
        Assert.Null(_loads.BetterThan("a", 0.2, _ => true));
        Assert.Null(_loads.BetterThan("b", 0, _ => true));
        Assert.Null(_loads.BetterThan("unheard of", 0, _ => true));
    }

    [Fact]
    public void A_client_leaves_a_node_that_drains_for_any_that_does_not()
    {
        _loads.Update([Node("a", draining: true), Node("b", cpu: 3)]);
        Assert.Equal("b", _loads.BetterThan("a", 0.25, _ => true)!.Name);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _loads.Update([Node("a", draining: true), Node("b", draining: true)]);
        Assert.Null(_loads.BetterThan("a", 0.25, _ => true));
    }

    private NodeReport Worker(string name, int slots, int busy = 0, double cpu = 0, bool draining = false) => Node(name, cpu, draining) with { WorkerSlots = slots, WorkersBusy = busy };

    [Fact]
    public void A_job_goes_to_a_free_slot_and_a_herd_takes_no_more_than_there_are()
    {
        _loads.Update([Worker("a", slots: 4), Worker("b", slots: 2, busy: 1), Worker("c", slots: 0), Worker("d", slots: 9, draining: true)]);
        var went = Enumerable.Range(0, 5).Select(_ => _loads.ChooseWorker("", free: true, _ => true)!.Name).CountBy(name => name).ToDictionary();
        Assert.Equal((4, 1), (went["a"], went["b"]));
        Assert.Null(_loads.ChooseWorker("", free: true, _ => true));
        // It waits there until one is free, or another node has one.
        Assert.Contains(_loads.ChooseWorker("", free: false, _ => true)!.Name, (string[])["a", "b"]);
        Assert.Null(_loads.ChooseWorker("", free: false, n => n.Name == "c"));
    }

    [Fact]
    public void Among_equal_workers_the_near_one_is_chosen_and_among_unequal_ones_the_less_loaded()
    {
        for (var i = 0; i < 20; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            _loads.Update([Worker("a", slots: 8), Worker("b", slots: 8), Worker("c", slots: 8, cpu: 0.3)]);
            Assert.Equal("b", _loads.ChooseWorker("b", free: true, _ => true)!.Name);
            Assert.Equal("c", _loads.ChooseWorker("c", free: true, _ => true)!.Name);
            _clock.Advance(TimeSpan.FromSeconds(1));
            _loads.Update([Worker("a", slots: 8), Worker("b", slots: 8), Worker("c", slots: 8, cpu: 0.6)]);
            Assert.NotEqual("c", _loads.ChooseWorker("c", free: true, _ => true)!.Name);
        }
    }
}
