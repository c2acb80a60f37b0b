using RoomGrains.Load.Figures;
using RoomGrains.Testing;

namespace RoomGrains.Load.Tests;

public sealed class HistogramTests(ITestOutputHelper output)
{
    [Fact]
    public void Percentiles_are_those_of_the_sorted_values_within_2_percent()
    {
        var random = new Random(Seed.Next(output));
        for (var round = 0; round < 20; round++)
        {
            // From microseconds to minutes, evenly on a logarithmic scale.
            var values = Enumerable.Range(0, 1 + random.Next(5000)).Select(_ => (long)Math.Pow(10, 3 + 8 * random.NextDouble())).ToArray();
            var histogram = new Histogram();
            foreach (var value in values)
                histogram.Add(value);
            Array.Sort(values);
            foreach (var part in (double[])[0.01, 0.5, 0.9, 0.99, 0.999, 1])
            {
                var exact = values[(int)Math.Max(1, Math.Ceiling(part * values.Length)) - 1] / 1e6;
                Assert.InRange(histogram.Percentile(part), exact * 0.98 - 0.001, exact * 1.02 + 0.001);
            }
            Assert.Equal(values[^1] / 1e6, histogram.Max);
            Assert.Equal(values.Length, histogram.Count);
        }
    }

    [Fact]
    public void Of_a_hundred_equal_values_and_one_long_one_the_99th_percentile_is_the_equal_one()
    {
        var histogram = new Histogram();
        for (var i = 0; i < 100; i++)
            histogram.Add(5_000_000);
        histogram.Add(900_000_000);
        var report = histogram.Report()!;
        Assert.InRange(report.P50, 4.95, 5.05);
        Assert.InRange(report.P99, 4.95, 5.05);
        Assert.InRange(report.P999, 890, 900);
        Assert.Equal((900, 101), (report.Max, report.Count));
    }

    [Fact]
    public void None_has_no_report_and_extremes_have_a_place()
    {
        var histogram = new Histogram();
        Assert.Null(histogram.Report());
        histogram.Add(-5);
        Assert.Equal((0, 0), (histogram.Percentile(0.5), histogram.Max));
        histogram.Add(long.MaxValue);
        Assert.Equal(long.MaxValue / 1e6, histogram.Max);
        histogram.Clear();
        Assert.Null(histogram.Report());
    }
}
