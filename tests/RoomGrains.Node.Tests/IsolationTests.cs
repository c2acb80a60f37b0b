using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using RoomGrains.Node.Isolation;

namespace RoomGrains.Node.Tests;

/// <summary>When a node takes itself for cut off: not when others die, leave or are slow, and not for the database alone.</summary>
public sealed class IsolationTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly IsolationWatch _watch;

    public IsolationTests() => _watch = new IsolationWatch("n1", Limit, _time);

    [Fact]
    public void Who_hears_nobody_for_the_limit_is_cut_off_and_is_back_when_it_hears_half()
    {
        Go(5, "n2", "n3", "n4", "n5");
        Assert.False(_watch.IsCutOff);
        // The last reports were fresh for five seconds more.
        Assert.InRange(Until(() => Go(1)), 15, 21);
        Go(1, "n2");
        Assert.True(_watch.IsCutOff);
        Go(1, "n2", "n3");
        Assert.False(_watch.IsCutOff);
    }

    /// <summary>The cluster's grain is on this node: it answers, with what it heard before.</summary>
    [Fact]
    public void Old_reports_that_come_again_are_no_sign_of_life()
    {
        ImmutableArray<NodeReport> last = [Report("n1"), Report("n2"), Report("n3")];
        Assert.InRange(Until(() =>
        {
            _watch.Heard(last);
            Go(1);
        }), 15, 21);
        Assert.Equal(2, _watch.Missed);
    }

    [Fact]
    public void Others_that_die_one_after_the_other_or_drain_are_not_missed()
    {
        Go(5, "n2", "n3", "n4");
        Go(60, "n2", "n3");
        Go(60, "n2");
        _watch.Heard([Report("n2") with { Draining = true }]);
        Go(600);
        Assert.False(_watch.IsCutOff);
    }

    [Fact]
    public void A_node_that_was_always_alone_is_not_cut_off()
    {
        Go(600, "n1");
        Assert.False(_watch.IsCutOff);
    }

    [Fact]
    public void Who_has_other_evidence_goes_on_with_those_that_are_left()
    {
        Go(5, "n2", "n3", "n4");
        Until(() => Go(1, "n2"));
        _watch.Trust();
        Go(600, "n2");
        Assert.False(_watch.IsCutOff);
        Assert.InRange(Until(() => Go(1)), 15, 21);
    }

    private void Go(int seconds, params string[] heard)
    {
        for (var i = 0; i < seconds; i++)
        {
            _watch.Heard([.. heard.Select(Report)]);
            _time.Advance(TimeSpan.FromSeconds(1));
            _ = _watch.IsCutOff;
        }
    }

    private int Until(Action second)
    {
        for (var seconds = 1; seconds < 100; seconds++)
        {
            second();
            if (_watch.IsCutOff)
                return seconds;
        }
        return int.MaxValue;
    }

    private NodeReport Report(string name) => new() { Name = name, At = _time.GetUtcNow() };
}
