using Xunit;

namespace RoomGrains.Testing;

/// <summary>A test that waits for what never comes must fail, and say where, instead of standing for ever.</summary>
public static class TestLimit
{
    /// <summary>Cancelled when the test is cancelled, or has taken longer than any test of a loaded machine should.</summary>
    public static CancellationToken Token(double seconds = 120)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        source.CancelAfter(TimeSpan.FromSeconds(seconds));
        return source.Token;
    }
}
