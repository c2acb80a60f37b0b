using Microsoft.Extensions.Time.Testing;
using RoomGrains.Workers.Processes;

namespace RoomGrains.Workers.Tests.Processes;

/// <summary>When FFmpeg stands still, and when it only has nothing to do.</summary>
public sealed class StallWatchTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly FakeTimeProvider _clock = new();
    private readonly StallWatch _watch;

    public StallWatchTests() => _watch = new StallWatch(20 * Second, _clock);

    [Fact]
    public void Frames_that_bring_it_no_further_are_a_stall()
    {
        for (var i = 0; i < 20; i++)
        {
            Assert.False(_watch.IsStalled);
            Feed();
        }
        Assert.True(_watch.IsStalled);
    }

    [Fact]
    public void A_frame_that_is_not_taken_is_a_stall()
    {
        _watch.Feeding();
        _clock.Advance(19 * Second);
        Assert.False(_watch.IsStalled);
        _clock.Advance(Second);
        Assert.True(_watch.IsStalled);
    }

    [Fact]
    public void A_report_while_a_frame_is_not_taken_gives_as_long_again()
    {
        _watch.Feeding();
        _clock.Advance(15 * Second);
        _watch.Report(Frames(1));
        _clock.Advance(19 * Second);
        Assert.False(_watch.IsStalled);
        _clock.Advance(Second);
        Assert.True(_watch.IsStalled);
    }

    [Fact]
    public void A_stream_that_sends_nothing_is_no_stall_nor_is_its_next_frame()
    {
        Feed();
        _watch.Report(Frames(1));
        Feed();
        _clock.Advance(1000 * Second);
        Assert.False(_watch.IsStalled);
        _watch.Report(Frames(2));
        _watch.Feeding();
        Assert.False(_watch.IsStalled);
    }

    [Fact]
    public void Reports_of_the_same_are_none()
    {
        for (var i = 0; i < 40; i++)
        {
            Feed();
            _watch.Report(Frames(1));
        }
        Assert.True(_watch.IsStalled);
        _watch.Report(Frames(1) with { MediaTime = Second });
        Assert.False(_watch.IsStalled);
    }

    [Fact]
    public async Task Who_waits_for_a_stall_hears_of_it()
    {
        _watch.Feeding();
        var stalled = _watch.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(stalled.IsCompleted);
        while (!stalled.IsCompleted)
        {
            _clock.Advance(Second);
            await Task.Yield();
        }
        await stalled;
    }

    private void Feed()
    {
        _watch.Feeding();
        _watch.Fed();
        _clock.Advance(Second);
    }

    private static FfmpegProgress Frames(long count) => FfmpegProgress.None with { Frames = count };
}
