using Microsoft.Extensions.Time.Testing;
using RoomGrains.Media.Streams;
using RoomGrains.Rtmp.Chunks;

namespace RoomGrains.Media.Tests;

public sealed class TimelineTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly StreamTimeline _timeline;

    public TimelineTests() => _timeline = new StreamTimeline(_time);

    [Theory]
    [InlineData(0u)]
    [InlineData(0xFFFFFEu)]
    [InlineData(0xFFFFFFF0u)]
    public void The_first_publishers_timestamps_pass_as_they_are(uint start)
    {
        for (var i = 0u; i < 100; i++)
            Assert.Equal(unchecked(start + i * 40), OfFrame(unchecked(start + i * 40)));
    }

    [Theory]
    [InlineData(1000u, 0u)]
    [InlineData(1000u, 5_000_000u)]
    [InlineData(0xFFFFFF00u, 0u)]
    [InlineData(0xFFFFFFFFu, 0xFFFFFFFFu)]
    [InlineData(0xFFFFF0u, 7u)]
    public void The_next_publisher_goes_on_where_the_stream_is(uint last, uint next)
    {
        OfFrame(unchecked(last - 40));
        OfFrame(last);
        _timeline.Restart();
        _time.Advance(TimeSpan.FromMilliseconds(2500));
        Assert.Equal(unchecked(last + 2500), _timeline.OfData(123, _time.GetTimestamp()));
        Assert.Equal(unchecked(last + 2500), OfFrame(next));
        Assert.Equal(unchecked(last + 2540), OfFrame(unchecked(next + 40)));
        Assert.Equal(unchecked(last + 2520), _timeline.OfData(unchecked(next + 20), _time.GetTimestamp()));
    }

    [Fact]
    public void The_second_track_may_start_a_little_earlier_without_a_step_back()
    {
        OfFrame(1000);
        OfFrame(980);
        _timeline.Restart();
        Assert.Equal([1001u, 1001u, 1001u, 1003u, 1041u], new[] { 60u, 21u, 44u, 62u, 100u }.Select(OfFrame));
    }

    [Fact]
    public void A_clock_set_back_by_one_publisher_is_passed_on()
    {
        Assert.Equal([100_000u, 100_040u, 0u, 40u], new[] { 100_000u, 100_040u, 0u, 40u }.Select(OfFrame));
        _timeline.Restart();
        Assert.Equal(41u, OfFrame(9));
    }

    [Fact]
    public void Through_several_publishers_and_a_wrap_the_output_only_rises()
    {
        var last = 0xFFFF_0000u;
        OfFrame(last);
        for (var publisher = 0; publisher < 50; publisher++)
        {
            _timeline.Restart();
            _time.Advance(TimeSpan.FromMilliseconds(publisher * 37));
            for (var i = 0u; i < 100; i++)
            {
                var output = OfFrame(i * 40);
                Assert.InRange(RoomGrains.Rtmp.Messages.RtmpTime.Between(last, output), 1, 5000);
                last = output;
            }
        }
        Assert.True(last < 0x7FFF_FFFF, "it has wrapped");
    }

    [Fact]
    public void Late_timestamps_go_out_extended()
    {
        using var stage = new Stage();
        var first = stage.Publish(1);
        var (_, sink) = stage.Play();
        stage.Send(first, "A1@16777210");
        stage.Publish(2);
        stage.Time.Advance(TimeSpan.FromSeconds(1));
        var third = stage.Publish(3);
        stage.Send(third, "A2@0");
        Assert.Equal("A1@16777210 A2@16778210", sink.Take());
        Span<byte> header = stackalloc byte[OutgoingMessage.MaxHeaderLength];
        Assert.Equal(12, sink.Messages[0].WriteHeader(header, 1));
        Assert.Equal(16, sink.Messages[1].WriteHeader(header, 1));
        Assert.Equal(16778210u, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(header[12..]));
    }

    private uint OfFrame(uint timestamp) => _timeline.OfFrame(timestamp, _time.GetTimestamp());
}
