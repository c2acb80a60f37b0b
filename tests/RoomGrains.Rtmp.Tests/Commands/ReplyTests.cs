using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Rtmp.Tests.Commands;

/// <summary>What the server says, read as a client reads it.</summary>
public sealed class ReplyTests
{
    private static readonly ConnectCommand Connect = ConnectCommand.From(new CommandMessage("connect", 1, new AmfObject { ["app"] = "chat", ["objectEncoding"] = 3 }));

    private static readonly CommandMessage Call = new("what", 7, AmfValue.Null);

    [Fact]
    public void Success_has_two_values_after_the_transaction_and_echoes_the_encoding()
    {
        var reply = CommandMessageTests.Sent(Replies.ConnectSuccess(Connect, "c1"));
        Assert.Equal(("_result", 1.0), (reply.Name, reply.TransactionId));
        Assert.Equal(AmfKind.Object, reply.CommandObject.Kind);
        var information = reply[0];
        Assert.Equal(("status", "NetConnection.Connect.Success", 3L),
            (information["level"].AsString(), information["code"].AsString(), information["objectEncoding"].AsInteger()));
        Assert.Equal("*", information["fourCcList"][0].AsString());
        Assert.Equal(4, information["videoFourCcInfoMap"]["*"].AsInteger());
        Assert.Equal(15, information["capsEx"].AsInteger());
    }

    [Fact]
    public void A_rejection_has_no_command_object_and_always_a_description()
    {
        var reply = CommandMessageTests.Sent(Replies.ConnectError(Connect, StatusCodes.Connect.InvalidApp, ""));
        Assert.Equal(("_error", 1.0, AmfKind.Null), (reply.Name, reply.TransactionId, reply.CommandObject.Kind));
        Assert.Equal(("error", "NetConnection.Connect.InvalidApp", "[ Server.Reject ] : The server refused the connection."),
            (reply[0]["level"].AsString(), reply[0]["code"].AsString(), reply[0]["description"].AsString()));
    }

    [Theory]
    [InlineData("authmod=adobe")]
    [InlineData("?AUTHMOD=llnw&x")]
    [InlineData("[ code=403 need auth; authmod=adobe ]")]
    [InlineData("authauthmod=mod=adobe")]
    [InlineData("authmod==llnw")]
    [InlineData("auth\0mod=adobe authmod=adobe")]
    [InlineData("code=403 need\nauth")]
    public void A_reason_cannot_ask_for_credentials(string reason)
    {
        foreach (var reply in new[] { Replies.ConnectError(Connect, StatusCodes.Connect.Rejected, reason), Replies.ConnectRedirect(Connect, reason) })
        {
            var description = reply[0]["description"].AsString()!;
            Assert.DoesNotContain("authmod=", description, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("code=403 need auth", description, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain('\n', description);
        }
    }

    [Fact]
    public void A_long_reason_is_cut()
    {
        var description = Replies.ConnectError(Connect, StatusCodes.Connect.Rejected, new string('x', 10_000))[0]["description"].AsString()!;
        Assert.InRange(description.Length, 400, 450);
    }

    [Fact]
    public void A_redirect_serves_clients_of_FMS_and_of_SRS()
    {
        var reply = CommandMessageTests.Sent(Replies.ConnectRedirect(Connect, "rtmp://two/chat/lobby"));
        Assert.Equal(AmfKind.Null, reply.CommandObject.Kind);
        var ex = reply[0]["ex"];
        Assert.Equal((302L, "rtmp://two/chat/lobby", "rtmp://two/chat/lobby"), (ex["code"].AsInteger(), ex["redirect"].AsString(), ex["redirect2"].AsString()));
        Assert.Equal("NetConnection.Connect.Rejected", reply[0]["code"].AsString());
        Assert.NotEqual("", reply[0]["description"].AsString());
    }

    [Fact]
    public void Calls_are_answered_with_their_transaction()
    {
        Assert.Equal(3, CommandMessageTests.Sent(Replies.CreateStreamResult(Call, 3))[0].AsInteger());
        Assert.Throws<ArgumentOutOfRangeException>(() => Replies.CreateStreamResult(Call, 0));

        var error = CommandMessageTests.Sent(Replies.MethodNotFound(Call));
        Assert.Equal(("_error", 7.0, "NetConnection.Call.Failed", "Method not found (what)."),
            (error.Name, error.TransactionId, error[0]["code"].AsString(), error[0]["description"].AsString()));
    }

    public static TheoryData<CommandMessage, string, string> Statuses => new()
    {
        { StreamReplies.PublishStart("a"), "status", "NetStream.Publish.Start" },
        { StreamReplies.PublishBadName("a", "Somebody publishes a."), "error", "NetStream.Publish.BadName" },
        { StreamReplies.PublishDenied("a", "No."), "error", "NetStream.Publish.Denied" },
        { StreamReplies.Failed("a", "No."), "error", "NetStream.Failed" },
        { StreamReplies.UnpublishSuccess("a"), "status", "NetStream.Unpublish.Success" },
        { StreamReplies.PlayReset("a"), "status", "NetStream.Play.Reset" },
        { StreamReplies.PlayStart("a"), "status", "NetStream.Play.Start" },
        { StreamReplies.PlayStop("a"), "status", "NetStream.Play.Stop" },
        { StreamReplies.PublishNotify("a"), "status", "NetStream.Play.PublishNotify" },
        { StreamReplies.UnpublishNotify("a"), "status", "NetStream.Play.UnpublishNotify" },
        { StreamReplies.StreamNotFound("a", "No."), "error", "NetStream.Play.StreamNotFound" },
        { StreamReplies.PlayFailed("a", "No."), "error", "NetStream.Play.Failed" },
        { StreamReplies.InsufficientBandwidth("a", "Slow."), "warning", "NetStream.Play.InsufficientBW" },
        { StreamReplies.PauseNotify("a"), "status", "NetStream.Pause.Notify" },
        { StreamReplies.UnpauseNotify("a"), "status", "NetStream.Unpause.Notify" },
        { StreamReplies.SeekNotify("a"), "status", "NetStream.Seek.Notify" },
        { StreamReplies.SeekFailed("a"), "error", "NetStream.Seek.Failed" },
    };

    [Theory, MemberData(nameof(Statuses), DisableDiscoveryEnumeration = true)]
    public void A_status_is_an_onStatus_with_level_code_description_and_name(CommandMessage reply, string level, string code)
    {
        var sent = CommandMessageTests.Sent(reply);
        Assert.Equal(("onStatus", 0.0, AmfKind.Null), (sent.Name, sent.TransactionId, sent.CommandObject.Kind));
        Assert.Equal((level, code, "a"), (sent[0]["level"].AsString(), sent[0]["code"].AsString(), sent[0]["details"].AsString()));
        Assert.NotEqual("", sent[0]["description"].AsString());
    }

    [Fact]
    public void The_other_replies_have_the_names_that_clients_look_for()
    {
        Assert.Equal("onBWDone", Replies.OnBandwidthDone().Name);
        Assert.Equal("onFCPublish", Replies.OnFCPublish("a").Name);
        Assert.Equal("onFCUnpublish", Replies.OnFCUnpublish("a").Name);
        Assert.Equal("onFCSubscribe", Replies.OnFCSubscribe("a").Name);
        Assert.Equal(("close", 0.0), (Replies.Close().Name, Replies.Close().TransactionId));
        Assert.Equal(("|RtmpSampleAccess", true, true),
            (StreamReplies.SampleAccess().Handler, StreamReplies.SampleAccess()[0].AsBoolean(), StreamReplies.SampleAccess()[1].AsBoolean()));

        var reconnect = CommandMessageTests.Sent(Replies.ReconnectRequest("rtmp://two/chat", "Drained."))[0];
        Assert.Equal(("NetConnection.Connect.ReconnectRequest", "rtmp://two/chat"), (reconnect["code"].AsString(), reconnect["tcUrl"].AsString()));
        Assert.False(Replies.ReconnectRequest(null, "Drained.")[0].AsObject()!.Contains("tcUrl"));
    }
}
