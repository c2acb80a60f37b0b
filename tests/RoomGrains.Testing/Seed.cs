namespace RoomGrains.Testing;

/// <summary>Randomness that can be replayed: the seed is printed, and ROOMGRAINS_TEST_SEED sets it.</summary>
public static class Seed
{
    /// <summary>A seed for this test; the test's output names it.</summary>
    public static int Next(Xunit.ITestOutputHelper output)
    {
        var set = Environment.GetEnvironmentVariable("ROOMGRAINS_TEST_SEED");
        var seed = set is null ? System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue) : int.Parse(set, System.Globalization.CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}: replay with ROOMGRAINS_TEST_SEED={seed}");
        return seed;
    }
}
