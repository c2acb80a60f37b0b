namespace RoomGrains.Rtmp.Commands;

/// <summary>The names of the commands that clients send, as a switch over <see cref="CommandMessage.Name"/> needs them.</summary>
public static class CommandNames
{
    /// <summary>See <see cref="ConnectCommand"/>.</summary>
    public const string Connect = ConnectCommand.CommandName;
    /// <summary>Asks for a NetStream; answered by <see cref="Replies.CreateStreamResult"/>.</summary>
    public const string CreateStream = "createStream";
    /// <summary>Gives a NetStream back, see <see cref="DeleteStreamCommand"/>. Not answered.</summary>
    public const string DeleteStream = "deleteStream";
    /// <summary>Stops publishing or playing on the NetStream it is sent on.</summary>
    public const string CloseStream = "closeStream";
    /// <summary>Ends the connection.</summary>
    public const string Close = "close";
    /// <summary>See <see cref="PublishCommand"/>.</summary>
    public const string Publish = PublishCommand.CommandName;
    /// <summary>See <see cref="PlayCommand"/>.</summary>
    public const string Play = PlayCommand.CommandName;
    /// <summary>Switches to another stream; optional.</summary>
    public const string Play2 = "play2";
    /// <summary>See <see cref="PauseCommand"/>.</summary>
    public const string Pause = "pause";
    /// <summary>As <see cref="Pause"/>.</summary>
    public const string PauseRaw = "pauseRaw";
    /// <summary>See <see cref="SeekCommand"/>.</summary>
    public const string Seek = "seek";
    /// <summary>See <see cref="ReceiveCommand"/>.</summary>
    public const string ReceiveAudio = "receiveAudio";
    /// <summary>See <see cref="ReceiveCommand"/>.</summary>
    public const string ReceiveVideo = "receiveVideo";
    /// <summary>Sent before publish; see <see cref="StreamNameCommand"/>.</summary>
    public const string ReleaseStream = "releaseStream";
    /// <summary>Sent before publish; answered by <see cref="Replies.OnFCPublish"/>, or not at all.</summary>
    public const string FCPublish = "FCPublish";
    /// <summary>Sent before deleteStream; answered by <see cref="Replies.OnFCUnpublish"/>, or not at all.</summary>
    public const string FCUnpublish = "FCUnpublish";
    /// <summary>Sent before a live play; answered by <see cref="Replies.OnFCSubscribe"/>, or not at all.</summary>
    public const string FCSubscribe = "FCSubscribe";
    /// <summary>Not answered: librtmp closes on the answer.</summary>
    public const string FCUnsubscribe = "FCUnsubscribe";
    /// <summary>Asks for the bandwidth; answered by a result without value, or ignored.</summary>
    public const string CheckBandwidth = "_checkbw";
    /// <summary>Asks for the length of a recording; the result is 0 for a live stream.</summary>
    public const string GetStreamLength = "getStreamLength";
}
