using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Rtmp.Tests.Commands;

/// <summary>The properties that real clients send, in their order, as measured.</summary>
public sealed class ConnectCommandTests
{
    private const string Url = "rtmp://host:1935/chat/lobby";

    private static ConnectCommand Read(AmfObject properties, params AmfValue[] arguments) =>
        ConnectCommand.From(CommandMessageTests.Sent(new CommandMessage("connect", 1, properties, arguments)));

    public static TheoryData<string, AmfObject, string, int> Clients => new()
    {
        { "FFmpeg publish", new() { ["app"] = "chat/lobby", ["type"] = "nonprivate", ["flashVer"] = "FMLE/3.0 (compatible; Lavf59.27.100)", ["tcUrl"] = Url },
            "FMLE/3.0 (compatible; Lavf59.27.100)", 0 },
        { "FFmpeg 8.1 publish with codecs", new() { ["app"] = "chat/lobby", ["fourCcList"] = new AmfArray { "hvc1", "av01" }, ["type"] = "nonprivate",
            ["flashVer"] = "FMLE/3.0 (compatible; Lavf62.3.100)", ["tcUrl"] = Url }, "FMLE/3.0 (compatible; Lavf62.3.100)", 0 },
        { "FFmpeg play, VLC", new() { ["app"] = "chat/lobby", ["flashVer"] = "LNX 9,0,124,2", ["tcUrl"] = Url, ["fpad"] = false, ["capabilities"] = 15,
            ["audioCodecs"] = 4071, ["videoCodecs"] = 252, ["videoFunction"] = 1 }, "LNX 9,0,124,2", 1 },
        { "rtmpdump", new() { ["app"] = "chat/lobby", ["flashVer"] = "LNX 10,0,32,18", ["tcUrl"] = Url, ["fpad"] = false, ["capabilities"] = 15,
            ["audioCodecs"] = 3191, ["videoCodecs"] = 252, ["videoFunction"] = 1 }, "LNX 10,0,32,18", 1 },
        { "gst rtmpsink", new() { ["app"] = "chat/lobby", ["tcUrl"] = Url, ["fpad"] = false, ["capabilities"] = 15, ["audioCodecs"] = 3191,
            ["videoCodecs"] = 252, ["videoFunction"] = 1 }, "", 1 },
        { "OBS 29", new() { ["app"] = "chat/lobby", ["type"] = "nonprivate", ["supportsGoAway"] = true, ["flashVer"] = "FMLE/3.0 (compatible; FMSc/1.0)",
            ["swfUrl"] = Url, ["tcUrl"] = Url }, "FMLE/3.0 (compatible; FMSc/1.0)", 0 },
        { "GStreamer rtmp2sink", new() { ["app"] = "chat/lobby", ["type"] = "nonprivate", ["flashVer"] = "LNX 10,0,32,18", ["tcUrl"] = Url }, "LNX 10,0,32,18", 0 },
        { "npm rtmp-client", new() { ["app"] = "chat/lobby", ["tcUrl"] = Url, ["flashVer"] = "WIN 32,0,0,465", ["fpad"] = false, ["capabilities"] = 239,
            ["audioCodecs"] = 3191, ["videoCodecs"] = 252, ["videoFunction"] = 1, ["objectEncoding"] = 0 }, "WIN 32,0,0,465", 1 },
        { "SRS edge", new() { ["app"] = "chat/lobby", ["flashVer"] = "WIN 15,0,0,239", ["swfUrl"] = "", ["tcUrl"] = Url, ["fpad"] = false, ["capabilities"] = 239,
            ["audioCodecs"] = 3575, ["videoCodecs"] = 252, ["videoFunction"] = 1, ["pageUrl"] = "", ["objectEncoding"] = 0 }, "WIN 15,0,0,239", 1 },
        { "Flash, with undefined URLs", new() { ["app"] = "chat/lobby", ["flashVer"] = "WIN 32,0,0,465", ["swfUrl"] = AmfValue.Undefined, ["tcUrl"] = Url,
            ["fpad"] = false, ["capabilities"] = 239, ["audioCodecs"] = 3575, ["videoCodecs"] = 252, ["videoFunction"] = 1, ["pageUrl"] = AmfValue.Undefined,
            ["objectEncoding"] = 3 }, "WIN 32,0,0,465", 1 },
        { "an ECMA array in place of an object", new() { IsEcmaArray = true, ["app"] = "chat/lobby", ["tcUrl"] = Url }, "", 0 },
    };

    [Theory, MemberData(nameof(Clients), DisableDiscoveryEnumeration = true)]
    public void Every_client_is_understood(string client, AmfObject properties, string flashVersion, int videoFunction)
    {
        var connect = Read(properties);
        Assert.Equal(("chat", "lobby", Url), (connect.Application, connect.Instance, connect.TcUrl));
        Assert.Equal((client, flashVersion, videoFunction), (client, connect.FlashVersion, connect.VideoFunction));
        Assert.Equal(properties["objectEncoding"].AsInteger(), connect.ObjectEncoding);
        Assert.Equal(properties["fourCcList"].AsArray()?.Count ?? 0, connect.FourCcs.Length);
        Assert.Equal(ConnectCapabilities.None, connect.Capabilities);
    }

    [Theory]
    [InlineData("chat", "chat", null)]
    [InlineData("chat/", "chat", null)]
    [InlineData("/chat/lobby/", "chat", "lobby")]
    [InlineData("chat/_definst_", "chat", null)]
    [InlineData("chat/lobby?key=1/2", "chat", "lobby")]
    [InlineData("chat?key=1", "chat", null)]
    [InlineData("a/b/c", "a", "b/c")]
    [InlineData("", "", null)]
    [InlineData("?", "", null)]
    [InlineData("/", "", null)]
    public void The_app_is_application_and_instance(string app, string application, string? instance)
    {
        var connect = Read(new AmfObject { ["app"] = app });
        Assert.Equal((application, instance), (connect.Application, connect.Instance));
    }

    [Fact]
    public void Parameters_come_from_app_and_from_tcUrl_and_leave_no_trace_in_what_is_logged()
    {
        var connect = Read(new AmfObject
        {
            ["app"] = "chat/lobby?token=s%26cret&flag&=x",
            ["tcUrl"] = "rtmp://user:pa@ss@host/chat/lobby?token=other&room=a+b",
            ["swfUrl"] = "http://page/a.swf?secret=1",
        });
        Assert.Equal("s&cret", connect.Parameters["token"]);
        Assert.Equal("", connect.Parameters["flag"]);
        Assert.Equal("a+b", connect.Parameters["room"]);
        Assert.Equal(3, connect.Parameters.Count);
        Assert.Equal(("chat/lobby", "rtmp://host/chat/lobby", "http://page/a.swf"), (connect.App, connect.TcUrl, connect.SwfUrl));
    }

    [Theory]
    [InlineData("rtmp://host/a@b", "rtmp://host/a@b")]
    [InlineData("rtmp://u@host", "rtmp://host")]
    [InlineData("rtmp://[::1]:1935/app", "rtmp://[::1]:1935/app")]
    [InlineData("rtmp://", "rtmp://")]
    [InlineData("a@b", "a@b")]
    [InlineData("://@", "://")]
    public void The_URL_loses_user_and_password_only(string url, string expected) => Assert.Equal(expected, Read(new AmfObject { ["tcUrl"] = url }).TcUrl);

    [Fact]
    public void Capabilities_of_Enhanced_RTMP_are_read_in_any_case_and_any_number()
    {
        var connect = Read(new AmfObject
        {
            ["app"] = "a",
            ["CapsEx"] = 0xFF0F + 0.5,
            ["fourCcList"] = new AmfArray { "hvc1", 7, AmfValue.Null, "*" },
            ["videoFourCcInfoMap"] = new AmfObject { ["*"] = 4, ["av01"] = double.NaN, ["hvc1"] = 7 },
            ["audioFourCcInfoMap"] = "what?",
        });
        Assert.Equal(ConnectCapabilities.All, connect.Capabilities);
        Assert.Equal(["hvc1", "*"], connect.FourCcs);
        Assert.Equal(CodecCapabilities.Forward, connect.VideoCodecs["*"]);
        Assert.Equal(CodecCapabilities.None, connect.VideoCodecs["av01"]);
        Assert.Equal(CodecCapabilities.All, connect.VideoCodecs["hvc1"]);
        Assert.Empty(connect.AudioCodecs);
    }

    [Fact]
    public void Nonsense_is_empty_and_long_text_is_cut()
    {
        var connect = ConnectCommand.From(new CommandMessage("connect", 1, 7));
        Assert.Equal(("", null, "", 0), (connect.Application, connect.Instance, connect.TcUrl, connect.ObjectEncoding));

        connect = Read(new AmfObject { ["app"] = new string('a', 5000), ["flashVer"] = new string('f', 5000), ["tcUrl"] = 1, ["objectEncoding"] = double.NaN });
        Assert.Equal((512, 512, ""), (connect.Application.Length, connect.FlashVersion.Length, connect.TcUrl));
    }

    [Fact]
    public void A_long_token_is_not_cut()
    {
        var token = new string('t', 2000);
        Assert.Equal(token, Read(new AmfObject { ["app"] = "chat/lobby?token=" + token }).Parameters["token"]);
    }

    [Fact]
    public void User_arguments_keep_their_order()
    {
        var connect = Read(new AmfObject { ["app"] = "a" }, "user", 7, new AmfObject { ["k"] = "v" }, "token");
        Assert.Equal(4, connect.UserArguments.Length);
        Assert.Equal(["user", "token"], connect.TextArguments);
    }

    [Fact]
    public void Our_own_connect_reads_as_it_was_meant()
    {
        var command = CommandMessageTests.Sent(ConnectCommand.Create("chat/lobby", Url, "RoomGrains", "user"));
        var connect = ConnectCommand.From(command);
        Assert.Equal(("connect", 1.0, "chat", "lobby", Url), (command.Name, connect.TransactionId, connect.Application, connect.Instance, connect.TcUrl));
        Assert.Equal(["user"], connect.TextArguments);
        Assert.Equal(CodecCapabilities.Forward, connect.VideoCodecs["*"]);
    }
}
