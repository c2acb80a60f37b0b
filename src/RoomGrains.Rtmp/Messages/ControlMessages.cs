using System.Buffers.Binary;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;

namespace RoomGrains.Rtmp.Messages;

/// <summary>How a peer has to take the window of Set Peer Bandwidth (RTMP 1.0 §5.4.5).</summary>
public enum PeerBandwidthLimit : byte
{
    /// <summary>Exactly this window.</summary>
    Hard = 0,
    /// <summary>This window or the present one, whichever is smaller.</summary>
    Soft = 1,
    /// <summary>Hard if the one before was hard; else it is ignored.</summary>
    Dynamic = 2,
}

/// <summary>
/// Protocol control and user control messages, ready to be sent: on chunk stream 2 and message stream 0 (RTMP 1.0 §5.4, §7.1.7). They fit
/// one chunk of any size that a sender of ours uses. The caller owns the reference.
/// </summary>
public static class ControlMessages
{
    /// <summary>The chunk stream of control messages.</summary>
    public const int ChunkStreamId = 2;

    /// <summary>Set Chunk Size: it counts from the sender's next chunk on.</summary>
    public static OutgoingMessage SetChunkSize(int chunkSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunkSize, ChunkReader.MaxChunkSize);
        return UInt32(MessageType.SetChunkSize, (uint)chunkSize);
    }

    /// <summary>Acknowledgement.</summary>
    /// <param name="bytesReceived">All bytes received so far; the message carries them modulo 2^32.</param>
    public static OutgoingMessage Acknowledgement(long bytesReceived) => UInt32(MessageType.Acknowledgement, unchecked((uint)bytesReceived));

    /// <summary>Window Acknowledgement Size: the peer is to acknowledge every so many bytes.</summary>
    public static OutgoingMessage WindowAckSize(uint bytes) => UInt32(MessageType.WindowAckSize, bytes);

    /// <summary>Set Peer Bandwidth: the peer answers with Window Acknowledgement Size if its window is another.</summary>
    public static OutgoingMessage SetPeerBandwidth(uint bytes, PeerBandwidthLimit limit)
    {
        Span<byte> payload = stackalloc byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(payload, bytes);
        payload[4] = (byte)limit;
        return Encode(MessageType.SetPeerBandwidth, payload);
    }

    /// <summary>Stream Begin; 0 is the connection.</summary>
    public static OutgoingMessage StreamBegin(uint streamId) => UserControl(UserControlEventType.StreamBegin, streamId);

    /// <summary>Stream EOF.</summary>
    public static OutgoingMessage StreamEof(uint streamId) => UserControl(UserControlEventType.StreamEof, streamId);

    /// <summary>Stream Is Recorded.</summary>
    public static OutgoingMessage StreamIsRecorded(uint streamId) => UserControl(UserControlEventType.StreamIsRecorded, streamId);

    /// <summary>Ping Request.</summary>
    /// <param name="time">Comes back in the response; by convention the sender's clock in ms.</param>
    public static OutgoingMessage PingRequest(uint time) => UserControl(UserControlEventType.PingRequest, time);

    /// <summary>Ping Response.</summary>
    /// <param name="time">The value of the request.</param>
    public static OutgoingMessage PingResponse(uint time) => UserControl(UserControlEventType.PingResponse, time);

    /// <summary>Set Buffer Length, which a player sends.</summary>
    public static OutgoingMessage SetBufferLength(uint streamId, uint milliseconds)
    {
        Span<byte> payload = stackalloc byte[10];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)UserControlEventType.SetBufferLength);
        BinaryPrimitives.WriteUInt32BigEndian(payload[2..], streamId);
        BinaryPrimitives.WriteUInt32BigEndian(payload[6..], milliseconds);
        return Encode(MessageType.UserControl, payload);
    }

    /// <summary>
    /// Reads the number in the payload of an Acknowledgement, a Window Acknowledgement Size or a Set Peer Bandwidth (there a limit type
    /// follows, which makes no difference to a peer that obeys). False for a payload that is too short: it is to be ignored.
    /// </summary>
    public static bool TryReadValue(ReadOnlySpan<byte> payload, out uint value) => BinaryPrimitives.TryReadUInt32BigEndian(payload, out value);

    private static OutgoingMessage UserControl(UserControlEventType type, uint value)
    {
        Span<byte> payload = stackalloc byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)type);
        BinaryPrimitives.WriteUInt32BigEndian(payload[2..], value);
        return Encode(MessageType.UserControl, payload);
    }

    private static OutgoingMessage UInt32(MessageType type, uint value)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(payload, value);
        return Encode(type, payload);
    }

    private static OutgoingMessage Encode(MessageType type, ReadOnlySpan<byte> payload)
    {
        var buffer = SharedBuffer.CopyOf(payload);
        var message = OutgoingMessage.Encode(type, 0, buffer, ChunkStreamId, ChunkReader.DefaultChunkSize);
        buffer.Release();
        return message;
    }
}
