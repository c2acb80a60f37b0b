using RoomGrains.Load.Wire;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Load.Tests;

public sealed class LoadTargetTests
{
    [Theory]
    [InlineData("rtmp://127.0.0.1/live/lobby", false, "live/lobby", "m1")]
    [InlineData("rtmp://127.0.0.1:1936/live", false, "live/load", "m1")]
    [InlineData("rtmp://127.0.0.1:1936/live/lobby/", true, "live", "lobby-m1")]
    public void The_room_is_in_the_app_or_flat_in_the_name_of_the_stream(string url, bool flat, string app, string stream)
    {
        var target = LoadTarget.Parse(url, flat);
        var connect = ConnectCommand.From(CommandMessage.Parse(new RtmpMessage(MessageType.CommandAmf0, 0, 0, target.ConnectPayload)));
        Assert.Equal((app, stream), (connect.App, target.StreamName("m1")));
        Assert.EndsWith(app, connect.TcUrl);
        Assert.Contains(url.Contains("1936", StringComparison.Ordinal) ? ":1936/" : ":1935/", connect.TcUrl);
    }

    [Theory]
    [InlineData("127.0.0.1/live", LoadFailure.Usage)]
    [InlineData("http://127.0.0.1/live", LoadFailure.Usage)]
    [InlineData("rtmp://127.0.0.1/", LoadFailure.Usage)]
    [InlineData("rtmp://no.such.host.invalid/live", LoadFailure.Unreachable)]
    public void Other_URLs_are_refused(string url, LoadFailure failure) =>
        Assert.Equal(failure, Assert.Throws<LoadException>(() => LoadTarget.Parse(url, flat: false)).Failure);
}
