using RoomGrains.Rtmp;

namespace RoomGrains.Gateway;

/// <summary>Why a session ended. The first reason wins; it reaches the log and the metric.</summary>
public enum EndReason
{
    /// <summary>The client closed.</summary>
    ClientLeft,
    /// <summary>The socket failed: reset, or unreachable.</summary>
    ConnectionLost,
    /// <summary>The client broke the protocol; the error says how.</summary>
    ProtocolError,
    /// <summary>No whole handshake in time.</summary>
    HandshakeTimeout,
    /// <summary>No <c>connect</c> in time.</summary>
    ConnectTimeout,
    /// <summary>The verdict was no.</summary>
    Rejected,
    /// <summary>The verdict was: elsewhere.</summary>
    Redirected,
    /// <summary>Too much was sent before the verdict.</summary>
    PendingOverflow,
    /// <summary>Publishing was refused; the client has been told why.</summary>
    PublishRefused,
    /// <summary>Nothing came and nothing was taken for too long.</summary>
    Idle,
    /// <summary>A player did not take its frames.</summary>
    TooSlow,
    /// <summary>A moderator ended the connection, or closed the room.</summary>
    Disconnected,
    /// <summary>A newer publisher took the stream's name over.</summary>
    Superseded,
    /// <summary>A node that wanted a stream was not given it; it has been told why.</summary>
    RelayRefused,
    /// <summary>It connected to another node, as it was asked to.</summary>
    Moved,
    /// <summary>The node is shutting down.</summary>
    Shutdown,
    /// <summary>The node is cut off from its cluster.</summary>
    Isolated,
    /// <summary>A fault of ours; the log has it.</summary>
    ServerError,
}

/// <summary>Why a session ended, in full.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Description">In words; the client is told where the protocol allows it.</param>
/// <param name="Error">How the protocol was broken, where that was the reason.</param>
internal sealed record SessionEnd(EndReason Reason, string Description, ProtocolError? Error = null)
{
    /// <summary>The end of a publisher whose stream another has taken over.</summary>
    public static SessionEnd Superseded(string stream) => new(EndReason.Superseded, $"Another publisher has taken over {stream}.");
}
