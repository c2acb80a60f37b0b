using System.Buffers.Binary;

namespace RoomGrains.Rtmp.Messages;

/// <summary>The events of user control messages (RTMP 1.0 §7.1.7). Events that are not named here are ignored when they arrive.</summary>
public enum UserControlEventType : ushort
{
    /// <summary>A message stream can be used; with 0, the connection.</summary>
    StreamBegin = 0,
    /// <summary>The data of a message stream have ended.</summary>
    StreamEof = 1,
    /// <summary>There are no data on a message stream at present.</summary>
    StreamDry = 2,
    /// <summary>How much a player buffers.</summary>
    SetBufferLength = 3,
    /// <summary>A message stream is a recording.</summary>
    StreamIsRecorded = 4,
    /// <summary>The peer has to answer with <see cref="PingResponse"/>.</summary>
    PingRequest = 6,
    /// <summary>Answers <see cref="PingRequest"/> with its value.</summary>
    PingResponse = 7,
}

/// <summary>A user control message.</summary>
/// <param name="Type">The event; may be one that <see cref="UserControlEventType"/> does not name.</param>
/// <param name="Value">A message stream id; for pings, the time they carry.</param>
/// <param name="BufferMilliseconds">What <see cref="UserControlEventType.SetBufferLength"/> says; otherwise 0.</param>
public readonly record struct UserControlEvent(UserControlEventType Type, uint Value, uint BufferMilliseconds = 0)
{
    /// <summary>
    /// Parses the payload of a user control message: u16 event, then u32, and one u32 more for the buffer length. What is shorter is
    /// nothing that concerns anyone (SWF verification), and is to be ignored: false.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> payload, out UserControlEvent parsed)
    {
        parsed = default;
        if (payload.Length < 6)
            return false;
        var type = (UserControlEventType)BinaryPrimitives.ReadUInt16BigEndian(payload);
        var value = BinaryPrimitives.ReadUInt32BigEndian(payload[2..]);
        var buffer = 0u;
        if (type == UserControlEventType.SetBufferLength && !BinaryPrimitives.TryReadUInt32BigEndian(payload[6..], out buffer))
            return false;
        parsed = new UserControlEvent(type, value, buffer);
        return true;
    }
}
