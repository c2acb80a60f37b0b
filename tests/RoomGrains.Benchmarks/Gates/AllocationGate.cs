using System.Diagnostics;
using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using BenchmarkDotNet.Attributes;

namespace RoomGrains.Benchmarks.Gates;

/// <summary>
/// Runs every benchmark method with all its parameters for a moment and holds what it allocates against its <see cref="AllocationLimitAttribute"/>.
/// Only an optimised build says anything: in a debug build every async method makes an object, though it never waits.
/// </summary>
internal static class AllocationGate
{
    /// <summary>Until the runtime has compiled hot methods with all optimisations; some of them let objects vanish.</summary>
    private static readonly TimeSpan Warm = TimeSpan.FromMilliseconds(400);

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(50);

    /// <summary>The least of some windows counts: what else happens in the process only adds.</summary>
    private const int Windows = 5;

    /// <param name="filters">Only methods whose full name contains one of these; none: all.</param>
    /// <returns>The exit code: 0 when nothing was over its limit.</returns>
    public static async Task<int> Run(string[] filters)
    {
        if (typeof(AllocationGate).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
        {
            Console.Error.WriteLine("The gate needs an optimised build: dotnet run -c Release --project tests/RoomGrains.Benchmarks -- gate");
            return 2;
        }
        var (passed, failed) = (0, 0);
        Console.WriteLine($"{"benchmark",-48} {"bytes/op",10} {"limit",10}");
        foreach (var type in typeof(AllocationGate).Assembly.GetTypes())
        {
            foreach (var method in type.GetMethods().Where(m => m.GetCustomAttribute<BenchmarkAttribute>() is not null && Matches(m, filters)))
            {
                foreach (var values in Parameters(type))
                {
                    var name = $"{type.Name}.{method.Name}{(values.Length == 0 ? "" : $"({string.Join(", ", values.Select(v => v.Value))})")}";
                    var bytes = await Measure(type, method, values);
                    // A benchmark without a limit is not guarded.
                    var limit = method.GetCustomAttribute<AllocationLimitAttribute>()?.Bytes ?? -1;
                    var fits = bytes <= limit;
                    _ = fits ? passed++ : failed++;
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-48} {bytes,10} {(limit < 0 ? "none" : limit),10}{(fits ? "" : "  FAILED")}"));
                }
            }
        }
        Console.WriteLine($"{passed} passed, {failed} failed");
        return failed == 0 ? 0 : 1;
    }

    private static bool Matches(MethodInfo method, string[] filters) =>
        filters.Length == 0 || filters.Any(f => $"{method.DeclaringType!.FullName}.{method.Name}".Contains(f, StringComparison.OrdinalIgnoreCase));

    private static async Task<double> Measure(Type type, MethodInfo method, (PropertyInfo Property, object? Value)[] values)
    {
        var benchmark = Activator.CreateInstance(type)!;
        foreach (var (property, value) in values)
            property.SetValue(benchmark, value);
        await Call<GlobalSetupAttribute>(benchmark);
        try
        {
            var operation = Operation(benchmark, method);
            var perCall = method.GetCustomAttribute<BenchmarkAttribute>()!.OperationsPerInvoke;
            await Repeat(operation, Warm);
            var least = double.MaxValue;
            for (var i = 0; i < Windows; i++)
            {
                var before = GC.GetTotalAllocatedBytes(precise: true);
                var calls = await Repeat(operation, Window);
                least = Math.Min(least, (GC.GetTotalAllocatedBytes(precise: true) - before) / ((double)calls * perCall));
            }
            // The gate's own few bytes, spread over the calls.
            return Math.Floor(least);
        }
        finally
        {
            await Call<GlobalCleanupAttribute>(benchmark);
        }
    }

    private static async Task<long> Repeat(Func<Task?> operation, TimeSpan time)
    {
        var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        for (var calls = 1L; ; calls++)
        {
            if (operation() is { IsCompleted: false } running)
                await running;
            if (Stopwatch.GetTimestamp() >= end)
                return calls;
        }
    }

    /// <summary>The method as compiled code: a call by reflection would make objects of its own.</summary>
    private static Func<Task?> Operation(object benchmark, MethodInfo method)
    {
        var call = Expression.Call(Expression.Constant(benchmark), method);
        Expression body = typeof(Task).IsAssignableFrom(method.ReturnType) ? call : Expression.Block(call, Expression.Constant(null, typeof(Task)));
        return Expression.Lambda<Func<Task?>>(Expression.Convert(body, typeof(Task))).Compile();
    }

    private static async Task Call<TAttribute>(object benchmark)
        where TAttribute : Attribute
    {
        foreach (var method in benchmark.GetType().GetMethods().Where(m => m.GetCustomAttribute<TAttribute>() is not null))
            if (method.Invoke(benchmark, null) is Task task)
                await task;
    }

    /// <summary>All combinations of the values of the parameters.</summary>
    private static IEnumerable<(PropertyInfo Property, object? Value)[]> Parameters(Type type)
    {
        IEnumerable<(PropertyInfo, object?)[]> combinations = [[]];
        foreach (var property in type.GetProperties().Where(p => p.GetCustomAttribute<ParamsAttribute>() is not null))
        {
            var values = property.GetCustomAttribute<ParamsAttribute>()!.Values;
            combinations = combinations.SelectMany(c => values, (c, value) => ((PropertyInfo, object?)[])[.. c, (property, value)]);
        }
        return combinations;
    }
}
