using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Rtmp.Commands;

/// <summary>
/// What a server says on a NetStream: to be sent on the message stream of that NetStream, where GStreamer insists on it. Names in it are
/// stream names without their query.
/// </summary>
public static class StreamReplies
{
    /// <summary>The usual chunk stream of status messages.</summary>
    public const int ChunkStreamId = 5;

    /// <summary>The publisher may send media. Comes after StreamBegin.</summary>
    public static CommandMessage PublishStart(string name) => Status(StatusLevel.Status, StatusCodes.Publish.Start, $"{name} is now published.", name);

    /// <summary>The name is in use, or breaks the rule for names. Close the connection after it: librtmp of 2015 hangs otherwise.</summary>
    public static CommandMessage PublishBadName(string name, string reason) => Status(StatusLevel.Error, StatusCodes.Publish.BadName, reason, name);

    /// <summary>This client may not publish here. Close the connection after it.</summary>
    public static CommandMessage PublishDenied(string name, string reason) => Status(StatusLevel.Error, StatusCodes.Publish.Denied, reason, name);

    /// <summary>Publishing or playing failed on our side.</summary>
    public static CommandMessage Failed(string name, string reason) => Status(StatusLevel.Error, StatusCodes.Stream.Failed, reason, name);

    /// <summary>The stream is no longer published, as the publisher asked.</summary>
    public static CommandMessage UnpublishSuccess(string name) =>
        Status(StatusLevel.Status, StatusCodes.Publish.UnpublishSuccess, $"{name} is now unpublished.", name);

    /// <summary>What was played before is over. Comes before <see cref="PlayStart"/>.</summary>
    public static CommandMessage PlayReset(string name) => Status(StatusLevel.Status, StatusCodes.Play.Reset, $"Playing and resetting {name}.", name);

    /// <summary>Media follows, now or when there is a publisher.</summary>
    public static CommandMessage PlayStart(string name) => Status(StatusLevel.Status, StatusCodes.Play.Start, $"Started playing {name}.", name);

    /// <summary>No more media follows.</summary>
    public static CommandMessage PlayStop(string name) => Status(StatusLevel.Status, StatusCodes.Play.Stop, $"Stopped playing {name}.", name);

    /// <summary>The stream has a publisher now.</summary>
    public static CommandMessage PublishNotify(string name) => Status(StatusLevel.Status, StatusCodes.Play.PublishNotify, $"{name} is now published.", name);

    /// <summary>The stream has no publisher any more. FFmpeg, VLC and librtmp end on it: send it when the grace period is over, not before.</summary>
    public static CommandMessage UnpublishNotify(string name) => Status(StatusLevel.Status, StatusCodes.Play.UnpublishNotify, $"{name} is now unpublished.", name);

    /// <summary>There is no such stream, and none is waited for.</summary>
    public static CommandMessage StreamNotFound(string name, string reason) => Status(StatusLevel.Error, StatusCodes.Play.StreamNotFound, reason, name);

    /// <summary>The stream cannot be played.</summary>
    public static CommandMessage PlayFailed(string name, string reason) => Status(StatusLevel.Error, StatusCodes.Play.Failed, reason, name);

    /// <summary>The player is too slow for the stream.</summary>
    public static CommandMessage InsufficientBandwidth(string name, string reason) =>
        Status(StatusLevel.Warning, StatusCodes.Play.InsufficientBandwidth, reason, name);

    /// <summary>Paused.</summary>
    public static CommandMessage PauseNotify(string name) => Status(StatusLevel.Status, StatusCodes.Play.PauseNotify, $"Paused {name}.", name);

    /// <summary>No longer paused.</summary>
    public static CommandMessage UnpauseNotify(string name) => Status(StatusLevel.Status, StatusCodes.Play.UnpauseNotify, $"Unpaused {name}.", name);

    /// <summary>The position has changed, or media that the client had turned off comes again.</summary>
    public static CommandMessage SeekNotify(string name) => Status(StatusLevel.Status, StatusCodes.Play.SeekNotify, $"Seeking {name}.", name);

    /// <summary>A live stream has no other position to go to.</summary>
    public static CommandMessage SeekFailed(string name) =>
        Status(StatusLevel.Error, StatusCodes.Play.SeekFailed, $"{name} is live: it has no other position.", name);

    /// <summary>
    /// Lets Flash read samples of the media that follows; sent after <see cref="PlayStart"/>. (FMS then sends NetStream.Data.Start. We don't: FFmpeg makes
    /// an empty data stream of it.)
    /// </summary>
    public static DataMessage SampleAccess() => new("|RtmpSampleAccess", true, true);

    private static CommandMessage Status(string level, string code, string description, string name)
    {
        var information = Replies.Information(level, code, RejectionText.Clean(description));
        information["details"] = name;
        return new CommandMessage(Replies.OnStatus, 0, AmfValue.Null, information);
    }
}
