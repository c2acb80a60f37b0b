using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Rtmp.Commands;

/// <summary>
/// What a server says on the connection itself (message stream 0). What it says on a NetStream is in <see cref="StreamReplies"/>. Each is written as
/// the real clients need it; where one needs something odd, that is said.
/// </summary>
public static class Replies
{
    /// <summary>The name of a positive answer.</summary>
    public const string Result = "_result";

    /// <summary>The name of a negative answer.</summary>
    public const string Error = "_error";

    /// <summary>The name of a status message.</summary>
    public const string OnStatus = "onStatus";

    /// <summary>
    /// The answer to <c>connect</c> that admits. GStreamer needs two values after the transaction, and the code. The properties of Enhanced RTMP
    /// say that everything is passed on; they break none of the older clients.
    /// </summary>
    /// <param name="connect">What was asked.</param>
    /// <param name="clientId">The connection's id, which operators find in logs and lists, and a client can show to a person who asks.</param>
    public static CommandMessage ConnectSuccess(ConnectCommand connect, string clientId) => new(Result, connect.TransactionId,
        new AmfObject
        {
            // SRS' and Red5's values: old Flash clients compare fmsVer, and take capabilities for what a server of 2010 could do.
            ["fmsVer"] = "FMS/3,5,3,888",
            ["capabilities"] = 127,
            ["mode"] = 1,
        },
        new AmfObject
        {
            ["level"] = StatusLevel.Status,
            ["code"] = StatusCodes.Connect.Success,
            ["description"] = "Connection succeeded.",
            ["objectEncoding"] = connect.ObjectEncoding,
            ["fourCcList"] = new AmfArray { "*" },
            ["videoFourCcInfoMap"] = new AmfObject { ["*"] = (int)CodecCapabilities.Forward },
            ["audioFourCcInfoMap"] = new AmfObject { ["*"] = (int)CodecCapabilities.Forward },
            ["capsEx"] = (int)ConnectCapabilities.All,
            ["clientid"] = clientId,
        });

    /// <summary>
    /// The answer to <c>connect</c> that refuses. The command object is null: FFmpeg takes the first object for the information, and with another
    /// one before it hangs until the socket closes. Close the socket after it: librtmp's players do nothing on <c>_error</c>.
    /// </summary>
    /// <param name="connect">What was asked.</param>
    /// <param name="code">One of <see cref="StatusCodes.Connect"/>.</param>
    /// <param name="reason">For people; most clients show it. Made harmless by <see cref="RejectionText"/>.</param>
    public static CommandMessage ConnectError(ConnectCommand connect, string code, string reason) =>
        new(Error, connect.TransactionId, AmfValue.Null, Information(StatusLevel.Error, code, RejectionText.Describe(reason)));

    /// <summary>The answer to <c>connect</c> that asks for user and password, or says that they are wrong.</summary>
    /// <param name="connect">What was asked.</param>
    /// <param name="challenge">One of the texts of <see cref="AdobeAuthentication"/>, as it is.</param>
    public static CommandMessage ConnectAuthenticate(ConnectCommand connect, string challenge) =>
        new(Error, connect.TransactionId, AmfValue.Null, Information(StatusLevel.Error, StatusCodes.Connect.Rejected, challenge));

    /// <summary>
    /// The answer to <c>connect</c> that sends the client elsewhere, with all that FMS' clients (<c>redirect</c>) and SRS' (<c>redirect2</c>) look for. No
    /// mainstream client follows it; the others read it as a refusal.
    /// </summary>
    /// <param name="connect">What was asked.</param>
    /// <param name="url">Where to: a URL up to the room.</param>
    /// <param name="streamUrl">The same with the stream, where it is known.</param>
    public static CommandMessage ConnectRedirect(ConnectCommand connect, string url, string? streamUrl = null)
    {
        var information = Information(StatusLevel.Error, StatusCodes.Connect.Rejected, RejectionText.Describe($"Redirected to {url}"));
        information["ex"] = new AmfObject { ["code"] = 302, ["redirect"] = url, ["redirect2"] = streamUrl ?? url };
        return new CommandMessage(Error, connect.TransactionId, AmfValue.Null, information);
    }

    /// <summary>Said once after a connection was admitted; librtmp, FFmpeg and OBS answer with <c>_checkbw</c>.</summary>
    public static CommandMessage OnBandwidthDone() => new("onBWDone", 0, AmfValue.Null);

    /// <summary>
    /// The answer to <c>createStream</c>. Ids begin at 1: 0 is the connection, and GStreamer refuses it.
    /// </summary>
    public static CommandMessage CreateStreamResult(CommandMessage command, uint streamId)
    {
        ArgumentOutOfRangeException.ThrowIfZero(streamId);
        return CallResult(command, (double)streamId);
    }

    /// <summary>The answer to a call that worked. Commands with transaction 0 must not be answered (<see cref="CommandMessage.ExpectsAnswer"/>).</summary>
    public static CommandMessage CallResult(CommandMessage command, AmfValue value = default) => new(Result, command.TransactionId, AmfValue.Null, value);

    /// <summary>The answer to a call that failed.</summary>
    /// <param name="command">The call.</param>
    /// <param name="description">For people.</param>
    /// <param name="code">For programs.</param>
    public static CommandMessage CallFailed(CommandMessage command, string description, string code = StatusCodes.Call.Failed) =>
        new(Error, command.TransactionId, AmfValue.Null, Information(StatusLevel.Error, code, RejectionText.Clean(description)));

    /// <summary>The answer to a call of something that does not exist.</summary>
    public static CommandMessage MethodNotFound(CommandMessage command) => CallFailed(command, $"Method not found ({command.Name}).");

    /// <summary>What an encoder may wait for after <c>FCPublish</c>.</summary>
    public static CommandMessage OnFCPublish(string name) =>
        new("onFCPublish", 0, AmfValue.Null, Information(StatusLevel.Status, StatusCodes.Publish.Start, name));

    /// <summary>What an encoder may wait for after <c>FCUnpublish</c>.</summary>
    public static CommandMessage OnFCUnpublish(string name) =>
        new("onFCUnpublish", 0, AmfValue.Null, Information(StatusLevel.Status, StatusCodes.Publish.UnpublishSuccess, name));

    /// <summary>
    /// What a player may wait for after <c>FCSubscribe</c>. There is no counterpart for <c>FCUnsubscribe</c>: librtmp closes on it.
    /// </summary>
    public static CommandMessage OnFCSubscribe(string name) =>
        new("onFCSubscribe", 0, AmfValue.Null, Information(StatusLevel.Status, StatusCodes.Play.Start, name));

    /// <summary>
    /// Asks the client to reconnect at its next key frame (Enhanced RTMP v2); for clients whose <see cref="ConnectCommand.Capabilities"/> say that they do.
    /// </summary>
    /// <param name="url">Where to; null: to the same URL.</param>
    /// <param name="description">For people.</param>
    public static CommandMessage ReconnectRequest(string? url, string description)
    {
        var information = Information(StatusLevel.Status, StatusCodes.Connect.ReconnectRequest, description);
        if (url is not null)
            information["tcUrl"] = url;
        return new CommandMessage(OnStatus, 0, AmfValue.Null, information);
    }

    /// <summary>Says why the connection is about to be closed, for example <see cref="StatusCodes.Connect.AppShutdown"/>.</summary>
    public static CommandMessage ConnectionStatus(string level, string code, string description) =>
        new(OnStatus, 0, AmfValue.Null, Information(level, code, description));

    /// <summary>Ends the connection: librtmp closes at once when it reads it.</summary>
    public static CommandMessage Close() => new("close", 0, AmfValue.Null);

    internal static AmfObject Information(string level, string code, string description) =>
        new() { ["level"] = level, ["code"] = code, ["description"] = description };
}
