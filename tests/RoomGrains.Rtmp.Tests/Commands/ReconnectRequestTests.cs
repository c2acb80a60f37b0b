using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Rtmp.Tests.Commands;

/// <summary>The reconnect request as a client reads it.</summary>
public sealed class ReconnectRequestTests
{
    private const string Current = "rtmp://one.example:1936/chat/lobby?key=abc";

    [Theory]
    [InlineData("rtmp://two.example/chat/lobby?ticket=a.b-c_d", "rtmp://two.example/chat/lobby?ticket=a.b-c_d")]
    [InlineData("rtmps://[2001:db8::1]:443/chat/lobby", "rtmps://[2001:db8::1]:443/chat/lobby")]
    [InlineData("//two.example:1940/chat/lobby", "rtmp://two.example:1940/chat/lobby")]
    [InlineData("/live", "rtmp://one.example:1936/live")]
    [InlineData("/live/hall?ticket=x", "rtmp://one.example:1936/live/hall?ticket=x")]
    [InlineData("hall", "rtmp://one.example:1936/chat/hall")]
    [InlineData("../live/hall", "rtmp://one.example:1936/live/hall")]
    [InlineData("?ticket=x", "rtmp://one.example:1936/chat/lobby?ticket=x")]
    [InlineData("", Current)]
    [InlineData(null, Current)]
    public void The_url_is_resolved_against_the_current_one(string? tcUrl, string expected)
    {
        var sent = CommandMessageTests.Sent(Replies.ReconnectRequest(tcUrl, "This server is leaving."));
        Assert.True(ReconnectRequest.TryParse(sent, Current, out var request));
        Assert.Equal((expected, "This server is leaving."), (request.Url, request.Description));
    }

    [Theory]
    [InlineData("http://two.example/chat/lobby")]
    [InlineData("file:///etc/passwd")]
    [InlineData("javascript:alert(1)")]
    [InlineData("rtmp://")]
    [InlineData("rtmp:///chat")]
    public void What_is_no_rtmp_url_is_not_followed(string tcUrl) =>
        Assert.False(ReconnectRequest.TryParse(Replies.ReconnectRequest(tcUrl, ""), Current, out _));

    [Fact]
    public void Nothing_else_is_a_reconnect_request()
    {
        Assert.False(ReconnectRequest.TryParse(Replies.ConnectionStatus(StatusLevel.Status, StatusCodes.Connect.Closed, "bye"), Current, out _));
        Assert.False(ReconnectRequest.TryParse(Replies.Close(), Current, out _));
        Assert.False(ReconnectRequest.TryParse(new CommandMessage("onBWDone", 0, AmfValue.Null), Current, out _));
        Assert.False(ReconnectRequest.TryParse(Replies.ReconnectRequest("/live", ""), "no url", out _));
    }
}
