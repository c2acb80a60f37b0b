namespace RoomGrains.Load;

/// <summary>A run could not be made, or came to nothing. The message is for people and says what to do.</summary>
public sealed class LoadException : Exception
{
    internal LoadException(string message, LoadFailure failure = LoadFailure.Failed, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    /// <summary>What kind of failure it is.</summary>
    public LoadFailure Failure { get; }
}

/// <summary>Why there is no report.</summary>
public enum LoadFailure
{
    /// <summary>Something on this machine: descriptors, threads.</summary>
    Failed = 0,
    /// <summary>What was asked for makes no sense: a file that is no FLV, a URL that is none.</summary>
    Usage,
    /// <summary>No server answers there.</summary>
    Unreachable,
    /// <summary>The server refused the publisher.</summary>
    Refused,
}
