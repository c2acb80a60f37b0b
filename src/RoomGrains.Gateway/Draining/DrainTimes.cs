namespace RoomGrains.Gateway;

/// <summary>How long a gateway takes to empty when its host stops. (A drain that was asked for brings its own time.)</summary>
/// <param name="OnStop">From the stop of the host to the end of the last client; what is left of the host's shutdown time is for the silo.</param>
public sealed record DrainTimes(TimeSpan OnStop)
{
    /// <summary>How long a client that cannot be sent elsewhere goes on until a key frame comes by. Encoders send one every 2 to 4 s; nobody waits for one that sends none.</summary>
    public static readonly TimeSpan KeyFrameWait = TimeSpan.FromSeconds(5);

    /// <summary>How long players wait for the publishers of this node to go first: then what they play is where they go.</summary>
    public static readonly TimeSpan PublishersFirst = TimeSpan.FromSeconds(10);
}
