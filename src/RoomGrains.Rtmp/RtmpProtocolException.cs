namespace RoomGrains.Rtmp;

/// <summary>
/// The peer broke the protocol. The connection has to end: the bytes that follow can't be trusted to begin where a chunk begins.
/// The message is for logs; it holds numbers and names of the protocol, never bytes that the peer chose.
/// </summary>
public sealed class RtmpProtocolException(ProtocolError error, string message) : Exception(message)
{
    /// <summary>What was broken; for metrics.</summary>
    public ProtocolError Error { get; } = error;
}
