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

    // AMF (RTMP 1.0 §7.2, the AMF0 and AMF3 documents)

    /// <summary>An AMF value, text or count that reaches past the end of its message.</summary>
    AmfTruncated,
    /// <summary>An AMF type marker that does not exist, is reserved, or stands where it may not.</summary>
    AmfMarker,
    /// <summary>AMF values nested deeper than the limit allows.</summary>
    AmfDepth,
    /// <summary>More AMF values in one message than the limit allows.</summary>
    AmfTooManyValues,
    /// <summary>More properties in one AMF object than the limit allows.</summary>
    AmfTooManyKeys,
    /// <summary>An AMF reference to a value that has not been sent.</summary>
    AmfReference,
    /// <summary>An AMF3 object in a form of its own class, which nobody else can read.</summary>
    AmfExternalizable,
    /// <summary>A property name that is longer than AMF0 can say.</summary>
    AmfName,

    // What AMF carries

    /// <summary>A command message without a name, or with an unknown format byte.</summary>
    CommandFormat,
    /// <summary>A data message without a handler name, or with an unknown format byte.</summary>
    DataFormat,
    /// <summary>A shared-object message whose header or events do not fit its length.</summary>
    SharedObjectFormat,

    // FLV (Adobe FLV 10.1 annex E)

    /// <summary>Bytes that are not an FLV header.</summary>
    FlvHeader,
    /// <summary>An FLV tag that is encrypted, too long, or followed by a wrong back-pointer.</summary>
    FlvTag,
}
