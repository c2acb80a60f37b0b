namespace RoomGrains.Rtmp;

/// <summary>
/// The ways in which a peer can break the protocol so that its connection has to end: after a parse error the only safe move is to
/// close. The names are the values of a metric's tag; they don't change.
/// </summary>
public enum ProtocolError
{
    // Handshake (RTMP 1.0 §5.2)

    /// <summary>The first byte is that of an HTTP request, or of another protocol made of text.</summary>
    NotRtmpHttp,
    /// <summary>The first byte is that of a TLS record: RTMPS on the port of plain RTMP.</summary>
    NotRtmpTls,
    /// <summary>RTMPE (versions 6, 8 and 9), which is obsolete and isn't supported.</summary>
    EncryptedRtmp,
    /// <summary>A version of RTMP that doesn't exist.</summary>
    HandshakeVersion,
    /// <summary>A digest or signature was asked for and is missing or wrong. Only a client checks them.</summary>
    HandshakeDigest,

    // Chunks (RTMP 1.0 §5.3)

    /// <summary>Set Chunk Size with 0 or with the top bit set.</summary>
    ChunkSize,
    /// <summary>A header of type 0, 1 or 2 while a message is in assembly on that chunk stream.</summary>
    ChunkHeaderMidMessage,
    /// <summary>A chunk stream that begins with a header of type 2 or 3, which has no message length.</summary>
    FreshChunkStreamWithoutLength,
    /// <summary>More chunk streams than the limit allows.</summary>
    TooManyChunkStreams,
    /// <summary>A message that is longer than the limit of its kind.</summary>
    MessageTooLarge,
    /// <summary>The messages in assembly on all chunk streams together are over the limit.</summary>
    TooManyBytesInAssembly,

    // Messages (RTMP 1.0 §5.4, §7.1)

    /// <summary>A protocol control message whose payload is too short.</summary>
    ControlPayload,
    /// <summary>An aggregate message in an aggregate message.</summary>
    AggregateNested,
    /// <summary>A message in an aggregate that is longer than the aggregate's rest.</summary>
    AggregateSize,
    /// <summary>A message in an aggregate that is neither audio nor video nor data.</summary>
    AggregateContent,
    /// <summary>More messages in one aggregate than the limit allows.</summary>
    AggregateCount,
    /// <summary>A message of a kind that isn't allowed in the connection's present state.</summary>
    MessageNotAllowed,
}
