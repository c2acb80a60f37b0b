using System.Diagnostics.CodeAnalysis;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp;

/// <summary>One home for the sentence of each <see cref="ProtocolError"/>; hot methods stay small.</summary>
internal static partial class Throw
{
    [DoesNotReturn]
    public static void NotRtmpHttp() =>
        Error(ProtocolError.NotRtmpHttp, "These are the bytes of an HTTP request, or of another protocol made of text, on a port for RTMP.");

    [DoesNotReturn]
    public static void NotRtmpTls() =>
        Error(ProtocolError.NotRtmpTls, "This is a TLS hello on a port for plain RTMP; the client wants RTMPS.");

    [DoesNotReturn]
    public static void EncryptedRtmp(byte version) =>
        Error(ProtocolError.EncryptedRtmp, $"RTMP version {version} is RTMPE, which isn't supported.");

    [DoesNotReturn]
    public static void HandshakeVersion(byte version) =>
        Error(ProtocolError.HandshakeVersion, $"The first byte is 0x{version:X2}; RTMP begins with its version, 3.");

    [DoesNotReturn]
    public static void HandshakeDigest(string piece) =>
        Error(ProtocolError.HandshakeDigest, $"{piece} has no valid digest.");

    [DoesNotReturn]
    public static void ChunkSize(uint size) =>
        Error(ProtocolError.ChunkSize, $"A chunk size of {size} isn't allowed; it has to be between 1 and 0x7FFFFFFF.");

    [DoesNotReturn]
    public static void ChunkHeaderMidMessage(int chunkStreamId, int format, int received, int length) =>
        Error(ProtocolError.ChunkHeaderMidMessage,
            $"A chunk header of type {format} on chunk stream {chunkStreamId} after {received} of {length} bytes of a message.");

    [DoesNotReturn]
    public static void FreshChunkStreamWithoutLength(int chunkStreamId, int format) =>
        Error(ProtocolError.FreshChunkStreamWithoutLength,
            $"Chunk stream {chunkStreamId} begins with a header of type {format}, which has no message length.");

    [DoesNotReturn]
    public static void TooManyChunkStreams(int limit) =>
        Error(ProtocolError.TooManyChunkStreams, $"More than {limit} chunk streams.");

    [DoesNotReturn]
    public static void MessageTooLarge(MessageType type, int length, int limit) =>
        Error(ProtocolError.MessageTooLarge, $"A message of type {type} with {length} bytes; the limit is {limit}.");

    [DoesNotReturn]
    public static void TooManyBytesInAssembly(int limit) =>
        Error(ProtocolError.TooManyBytesInAssembly, $"More than {limit} bytes of unfinished messages.");

    [DoesNotReturn]
    public static void ControlPayload(MessageType type, int length) =>
        Error(ProtocolError.ControlPayload, $"A message of type {type} with {length} bytes, which is too short.");

    [DoesNotReturn]
    public static void AggregateNested() =>
        Error(ProtocolError.AggregateNested, "An aggregate message in an aggregate message.");

    [DoesNotReturn]
    public static void AggregateSize(int size, int left) =>
        Error(ProtocolError.AggregateSize, $"A message in an aggregate says {size} bytes where {left} are left.");

    [DoesNotReturn]
    public static void AggregateContent(MessageType type) =>
        Error(ProtocolError.AggregateContent, $"A message of type {type} in an aggregate; only audio, video and data belong there.");

    [DoesNotReturn]
    public static void AggregateCount(int limit) =>
        Error(ProtocolError.AggregateCount, $"More than {limit} messages in one aggregate.");

    [DoesNotReturn]
    private static void Error(ProtocolError error, string message) => throw new RtmpProtocolException(error, message);
}
