using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Placement;
using RoomGrains.Grains.Placement;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Placement;

[Alias("tests.IPlacedGrain")]
public interface IPlacedGrain : IGrainWithStringKey
{
    [Alias("Where")]
    Task<string> Where();

    [Alias("GoTo")]
    Task GoTo(string silo);
}

/// <summary>Says where it is, and goes where it is told.</summary>
internal abstract class PlacedGrain(ILocalSiloDetails silo) : Grain
{
    public Task<string> Where() => Task.FromResult(silo.SiloAddress.ToParsableString());

    public Task GoTo(string address)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, SiloAddress.FromParsableString(address));
        this.MigrateOnIdle();
        return Task.CompletedTask;
    }
}

[Alias("tests.IAnywhere")]
public interface IAnywhere : IPlacedGrain;

[LoadPlacement]
internal sealed class AnywhereGrain(ILocalSiloDetails silo) : PlacedGrain(silo), IAnywhere;

[Alias("tests.IOnWorkers")]
public interface IOnWorkers : IPlacedGrain;

[LoadPlacement(Role = "worker")]
internal sealed class OnWorkersGrain(ILocalSiloDetails silo) : PlacedGrain(silo), IOnWorkers;

[Alias("tests.IWithFfmpeg")]
public interface IWithFfmpeg : IPlacedGrain;

[LoadPlacement(Role = "worker", Capability = "ffmpeg")]
internal sealed class WithFfmpegGrain(ILocalSiloDetails silo) : PlacedGrain(silo), IWithFfmpeg;

/// <summary>Real activations on three silos, by the loads that their nodes report.</summary>
public sealed class PlacementTests(ThreeSilos silos) : IClassFixture<ThreeSilos>
{
    private readonly GrainCluster _cluster = silos.Cluster;

    private string SiloOf(int index) => _cluster.Services(index).GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString();

    private LoadTable TableOf(int index) => _cluster.Services(index).GetRequiredService<LoadTable>();

    /// <summary>Every silo has the reports, as its node would have brought them.</summary>
    private string[] Loads(params ReadOnlySpan<(double Cpu, bool Draining, string[] Roles, string[] Capabilities)> nodes)
    {
        var reports = ImmutableArray.CreateBuilder<NodeReport>();
        for (var i = 0; i < nodes.Length; i++)
            reports.Add(new NodeReport
            {
                Name = $"n{i}", SiloAddress = SiloOf(i), CpuCores = nodes[i].Cpu, Cores = 1, Draining = nodes[i].Draining,
                Roles = [.. nodes[i].Roles], WorkerSlots = nodes[i].Roles.Contains("worker") ? 1000 : 0, Capabilities = [.. nodes[i].Capabilities], At = TimeProvider.System.GetUtcNow(),
            });
        for (var i = 0; i < 3; i++)
            TableOf(i).Update(reports.ToImmutable());
        return [.. Enumerable.Range(0, 3).Select(SiloOf)];
    }

    /// <summary>Activates many grains at once, asked for on all silos alike; how many came to be on each.</summary>
    private async Task<int[]> Place<T>(int count) where T : IPlacedGrain
    {
        var run = ConnectionId.New();
        var places = await Task.WhenAll(Enumerable.Range(0, count).Select(i => _cluster.Services(i % 3).GetRequiredService<IGrainFactory>().GetGrain<T>($"{run}-{i}").Where()));
        return [.. Enumerable.Range(0, 3).Select(i => places.Count(p => p == SiloOf(i)))];
    }

    [Fact]
    public async Task A_herd_of_1000_within_a_second_spreads()
    {
        var table = new List<string> { "loads          herd  came to be on" };
        foreach (var (a, b, c) in ((double, double, double)[])[(0, 0, 0), (0.9, 0.1, 0.1), (0.5, 0.3, 0.1)])
        {
            Loads((a, false, [], []), (b, false, [], []), (c, false, [], []));
            var places = await Place<IAnywhere>(1000);
            table.Add($"{a,4:0%} {b,4:0%} {c,4:0%} 1000  {places[0],4} {places[1],4} {places[2],4}");
            Assert.Equal(1000, places.Sum());
            // Each silo evens out what it placed itself: all shares are near a third, the busier the smaller.
            Assert.All(places, p => Assert.InRange(p, 100, 500));
            Assert.True(places[0] <= places[2] + 5);
        }
        TestContext.Current.TestOutputHelper!.WriteLine(string.Join('\n', table));
    }

    [Fact]
    public async Task A_trickle_goes_where_the_load_is_least()
    {
        Loads((0.9, false, [], []), (0.1, false, [], []), (0.6, false, [], []));
        Assert.Equal((int[])[0, 60, 0], await Place<IAnywhere>(60));
    }

    [Fact]
    public async Task Rooms_are_placed_by_load()
    {
        Loads((0.9, false, [], []), (0.9, false, [], []), (0, false, [], []));
        var room = _cluster.Client.GetRoom(new RoomKey($"app{ConnectionId.New()}", "lobby"));
        await room.Create(new RoomSettings());
        Assert.Equal(2, _cluster.SiloOf(room));
    }

    [Fact]
    public async Task Roles_and_capabilities_are_respected()
    {
        Loads((0, false, ["gateway"], ["ffmpeg"]), (0.9, false, ["gateway", "worker"], []), (0.9, false, ["worker"], ["ffmpeg"]));
        var workers = await Place<IOnWorkers>(50);
        Assert.Equal((0, 50), (workers[0], workers[1] + workers[2]));
        Assert.Equal((int[])[0, 0, 50], await Place<IWithFfmpeg>(50));
    }

    [Fact]
    public async Task Where_nobody_has_what_a_grain_needs_it_is_refused_with_words()
    {
        Loads((0, false, ["worker"], []), (0, false, [], ["ffmpeg"]), (0, false, [], []));
        var error = await Assert.ThrowsAnyAsync<Exception>(() => Place<IWithFfmpeg>(1));
        Assert.Contains("the role 'worker' and the capability 'ffmpeg'", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_drains_gets_nothing_and_no_job_even_where_it_is_the_only_worker()
    {
        Loads((0, true, [], []), (0.9, false, [], []), (0.9, false, [], []));
        Assert.Equal(0, (await Place<IAnywhere>(200))[0]);
        Loads((0, true, ["worker"], []), (0, false, [], []), (0, false, [], []));
        await Assert.ThrowsAnyAsync<Exception>(() => Place<IOnWorkers>(1));
    }

    [Fact]
    public async Task Before_the_first_report_all_silos_are_used()
    {
        for (var i = 0; i < 3; i++)
            TableOf(i).Update([]);
        Assert.All(await Place<IAnywhere>(300), p => Assert.InRange(p, 20, 280));
    }

    [Fact]
    public async Task A_grain_that_is_migrated_goes_to_where_the_hint_says_however_full_it_is()
    {
        var addresses = Loads((0, false, [], []), (0, false, [], []), (1, true, [], []));
        var grain = _cluster.Client.GetGrain<IAnywhere>($"{ConnectionId.New()}");
        Assert.NotEqual(addresses[2], await grain.Where());
        await grain.GoTo(addresses[2]);
        await Until.True(async () => await grain.Where() == addresses[2], "it has gone where it was told");
    }
}
