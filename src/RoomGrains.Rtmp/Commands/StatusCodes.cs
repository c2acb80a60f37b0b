namespace RoomGrains.Rtmp.Commands;

/// <summary>
/// The codes of <c>onStatus</c>, <c>_result</c> and <c>_error</c> (RTMP 1.0 §7.2.1.1 and §7.2.2, Flash's NetStatusEvent). Programs read them, people read the
/// description beside them.
/// </summary>
public static class StatusCodes
{
    /// <summary>The codes of a connection.</summary>
    public static class Connect
    {
        /// <summary>Status: admitted.</summary>
        public const string Success = "NetConnection.Connect.Success";
        /// <summary>Status: the connection ends; also what a player is told when it ended.</summary>
        public const string Closed = "NetConnection.Connect.Closed";
        /// <summary>Status, before there is an answer: the client waits for people to decide. Ours: FMS had the state, but did not tell it.</summary>
        public const string Pending = "NetConnection.Connect.Pending";
        /// <summary>Error: the server does not want this client; or, with <c>ex.code</c> 302, wants it elsewhere.</summary>
        public const string Rejected = "NetConnection.Connect.Rejected";
        /// <summary>Error: the server could not decide.</summary>
        public const string Failed = "NetConnection.Connect.Failed";
        /// <summary>Error: there is no such application.</summary>
        public const string InvalidApp = "NetConnection.Connect.InvalidApp";
        /// <summary>Error: the application or the server goes down.</summary>
        public const string AppShutdown = "NetConnection.Connect.AppShutdown";
        /// <summary>Status: closed because nothing was sent for too long.</summary>
        public const string IdleTimeout = "NetConnection.Connect.IdleTimeOut";
        /// <summary>Status (Enhanced RTMP v2): connect to this server, or another, at the next key frame.</summary>
        public const string ReconnectRequest = "NetConnection.Connect.ReconnectRequest";
    }

    /// <summary>The codes of a call.</summary>
    public static class Call
    {
        /// <summary>Error: no such method, or it failed.</summary>
        public const string Failed = "NetConnection.Call.Failed";
        /// <summary>Error: the value could not be read in the encoding agreed upon.</summary>
        public const string BadVersion = "NetConnection.Call.BadVersion";
        /// <summary>Error: not allowed.</summary>
        public const string Prohibited = "NetConnection.Call.Prohibited";
    }

    /// <summary>The codes of a publisher.</summary>
    public static class Publish
    {
        /// <summary>Status: send media. librtmp, FFmpeg and GStreamer wait for it.</summary>
        public const string Start = "NetStream.Publish.Start";
        /// <summary>Error: the name is in use, or is no name.</summary>
        public const string BadName = "NetStream.Publish.BadName";
        /// <summary>Error: this client may not publish here.</summary>
        public const string Denied = "NetStream.Publish.Denied";
        /// <summary>Error: refused by a policy.</summary>
        public const string Rejected = "NetStream.Publish.Rejected";
        /// <summary>Status: published, but nothing was sent for long.</summary>
        public const string Idle = "NetStream.Publish.Idle";
        /// <summary>Status: no longer published.</summary>
        public const string UnpublishSuccess = "NetStream.Unpublish.Success";
    }

    /// <summary>The codes of a recording.</summary>
    public static class Record
    {
        /// <summary>Status: recording.</summary>
        public const string Start = "NetStream.Record.Start";
        /// <summary>Status: the recording is complete.</summary>
        public const string Stop = "NetStream.Record.Stop";
        /// <summary>Error: this client may not record.</summary>
        public const string NoAccess = "NetStream.Record.NoAccess";
        /// <summary>Error: the recording could not be written.</summary>
        public const string Failed = "NetStream.Record.Failed";
    }

    /// <summary>The codes of a player.</summary>
    public static class Play
    {
        /// <summary>Status: what was played before is over.</summary>
        public const string Reset = "NetStream.Play.Reset";
        /// <summary>Status: media follows. FFmpeg and librtmp wait for it.</summary>
        public const string Start = "NetStream.Play.Start";
        /// <summary>Status: no more media follows.</summary>
        public const string Stop = "NetStream.Play.Stop";
        /// <summary>Status: the stream has a publisher now.</summary>
        public const string PublishNotify = "NetStream.Play.PublishNotify";
        /// <summary>Status: the stream has no publisher any more. FFmpeg, VLC and librtmp end on it.</summary>
        public const string UnpublishNotify = "NetStream.Play.UnpublishNotify";
        /// <summary>Status: another stream follows on the same NetStream.</summary>
        public const string Transition = "NetStream.Play.Transition";
        /// <summary>Status: the other stream has taken over.</summary>
        public const string TransitionComplete = "NetStream.Play.TransitionComplete";
        /// <summary>Status, in a data message: a recorded stream has been played to its end.</summary>
        public const string Complete = "NetStream.Play.Complete";
        /// <summary>Error: no such stream. FFmpeg, librtmp and GStreamer end on it.</summary>
        public const string StreamNotFound = "NetStream.Play.StreamNotFound";
        /// <summary>Error: the stream cannot be played.</summary>
        public const string Failed = "NetStream.Play.Failed";
        /// <summary>Warning: the client is too slow for the stream; frames are dropped.</summary>
        public const string InsufficientBandwidth = "NetStream.Play.InsufficientBW";
        /// <summary>Status: paused.</summary>
        public const string PauseNotify = "NetStream.Pause.Notify";
        /// <summary>Status: no longer paused.</summary>
        public const string UnpauseNotify = "NetStream.Unpause.Notify";
        /// <summary>Status: the position has changed.</summary>
        public const string SeekNotify = "NetStream.Seek.Notify";
        /// <summary>Error: the stream has no other position to go to: it is live.</summary>
        public const string SeekFailed = "NetStream.Seek.Failed";
        /// <summary>Error: there is no such position.</summary>
        public const string SeekInvalidTime = "NetStream.Seek.InvalidTime";
    }

    /// <summary>The codes of any NetStream.</summary>
    public static class Stream
    {
        /// <summary>Error: something went wrong that has no code of its own.</summary>
        public const string Failed = "NetStream.Failed";
        /// <summary>Error: an argument of a command is missing or of a wrong kind.</summary>
        public const string InvalidArgument = "NetStream.InvalidArg";
    }

    /// <summary>The codes of a shared object's status event.</summary>
    public static class SharedObject
    {
        /// <summary>Error: this client may not read it.</summary>
        public const string NoReadAccess = "SharedObject.NoReadAccess";
        /// <summary>Error: this client may not change it.</summary>
        public const string NoWriteAccess = "SharedObject.NoWriteAccess";
        /// <summary>Error: it could not be made.</summary>
        public const string CreationFailed = "SharedObject.ObjectCreationFailed";
        /// <summary>Error: it exists with the other kind of persistence.</summary>
        public const string BadPersistence = "SharedObject.BadPersistence";
    }
}
