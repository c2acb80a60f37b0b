namespace RoomGrains.Rtmp.Client;

/// <summary>Who ended a client's connection, and how.</summary>
public enum RtmpClientEndReason
{
    /// <summary>The client was disposed.</summary>
    Disposed,
    /// <summary>The server closed the connection, or asked for it with <c>close</c>.</summary>
    ClosedByServer,
    /// <summary>The server broke the protocol; the exception is a <see cref="RtmpProtocolException"/>.</summary>
    ProtocolError,
    /// <summary>The transport failed; the exception is the transport's.</summary>
    TransportFailed,
}

/// <summary>The end of a client's connection. The first reason counts.</summary>
/// <param name="Reason">Who ended it.</param>
/// <param name="Exception">What went wrong, where something did.</param>
public sealed record RtmpClientEnd(RtmpClientEndReason Reason, Exception? Exception = null);

/// <summary>The connection has ended, and what was asked can't be done or answered any more.</summary>
public sealed class RtmpClientEndedException(RtmpClientEnd end)
    : IOException(end.Exception is null ? $"The RTMP connection has ended ({end.Reason})." : $"The RTMP connection has ended ({end.Reason}): {end.Exception.Message}", end.Exception)
{
    /// <summary>Why.</summary>
    public RtmpClientEnd End { get; } = end;
}
