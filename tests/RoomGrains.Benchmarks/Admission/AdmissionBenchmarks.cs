using BenchmarkDotNet.Attributes;
using RoomGrains.Benchmarks.Gates;

namespace RoomGrains.Benchmarks.Admission;

/// <summary>A guest's way through pending connection, directory and room of one silo, and out of the room again; sixteen at a time.</summary>
[MemoryDiagnoser]
public class AdmissionBenchmarks
{
    private const int AtATime = 16;

    private AdmissionSilo _silo = null!;

    [GlobalSetup]
    public async Task Setup() => _silo = await AdmissionSilo.Start();

    /// <summary>From the request to the verdict, with what follows from both. Most of it is Orleans': three grains' messages, and a grain of its own that comes and goes.</summary>
    [Benchmark(OperationsPerInvoke = AtATime), AllocationLimit(19_000)]
    public Task Admit() => Task.WhenAll(Enumerable.Range(0, AtATime).Select(_ => _silo.ComeAndGo()));

    [GlobalCleanup]
    public async Task Cleanup() => await _silo.DisposeAsync();
}
