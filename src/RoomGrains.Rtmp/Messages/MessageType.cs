namespace RoomGrains.Rtmp.Messages;

/// <summary>The type byte of an RTMP message (RTMP 1.0 §5.4, §7.1). Types that are not named here are ignored when they arrive.</summary>
public enum MessageType : byte
{
    /// <summary>Set Chunk Size: how the sender cuts what follows.</summary>
    SetChunkSize = 1,
    /// <summary>Abort: drop the message in assembly on a chunk stream.</summary>
    Abort = 2,
    /// <summary>Acknowledgement: bytes received so far, modulo 2^32.</summary>
    Acknowledgement = 3,
    /// <summary>User control: stream begin, ping and others.</summary>
    UserControl = 4,
    /// <summary>Window Acknowledgement Size: acknowledge every so many bytes.</summary>
    WindowAckSize = 5,
    /// <summary>Set Peer Bandwidth.</summary>
    SetPeerBandwidth = 6,
    /// <summary>Audio: the payload is the body of an FLV audio tag.</summary>
    Audio = 8,
    /// <summary>Video: the payload is the body of an FLV video tag.</summary>
    Video = 9,
    /// <summary>Data with a format byte, then as <see cref="DataAmf0"/>; values may switch to AMF3.</summary>
    DataAmf3 = 15,
    /// <summary>Shared object with an encoding byte.</summary>
    SharedObjectAmf3 = 16,
    /// <summary>Command with a format byte, then as <see cref="CommandAmf0"/>; values may switch to AMF3.</summary>
    CommandAmf3 = 17,
    /// <summary>Data: a handler name and values, for example onMetaData.</summary>
    DataAmf0 = 18,
    /// <summary>Shared object.</summary>
    SharedObjectAmf0 = 19,
    /// <summary>Command: name, transaction, command object, arguments.</summary>
    CommandAmf0 = 20,
    /// <summary>Aggregate: several messages in one, in FLV form.</summary>
    Aggregate = 22,
    /// <summary>Meta's "Go Away", once in OBS. Ignored; never sent.</summary>
    GoAway = 32,
}
