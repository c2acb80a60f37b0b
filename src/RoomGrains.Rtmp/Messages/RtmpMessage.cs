using RoomGrains.Rtmp.Buffers;

namespace RoomGrains.Rtmp.Messages;

/// <summary>
/// One whole RTMP message. Whoever receives it from a reader owns a reference to the payload, and either passes it on or calls
/// <see cref="Release"/>.
/// </summary>
/// <param name="Type">The type byte; may be one that <see cref="MessageType"/> does not name.</param>
/// <param name="Timestamp">Milliseconds, modulo 2^32 (see <see cref="RtmpTime"/>).</param>
/// <param name="StreamId">The message stream: 0 for the connection, else one of its NetStreams.</param>
/// <param name="Payload">The bytes.</param>
public readonly record struct RtmpMessage(MessageType Type, uint Timestamp, uint StreamId, SharedBuffer Payload)
{
    /// <summary>Gives the reference to the payload back.</summary>
    public void Release() => Payload.Release();
}
