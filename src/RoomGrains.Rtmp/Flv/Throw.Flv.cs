using System.Diagnostics.CodeAnalysis;

namespace RoomGrains.Rtmp;

internal static partial class Throw
{
    [DoesNotReturn]
    public static void FlvSignature() => Error(ProtocolError.FlvHeader, "This does not begin as FLV version 1 does.");

    [DoesNotReturn]
    public static void FlvEncrypted() => Error(ProtocolError.FlvTag, "An encrypted FLV tag.");

    [DoesNotReturn]
    public static void FlvTooLong(int length, int limit) => Error(ProtocolError.FlvTag, $"An FLV tag of {length} bytes; the limit is {limit}.");

    [DoesNotReturn]
    public static void FlvBackPointer(uint previous, uint expected) =>
        Error(ProtocolError.FlvTag, $"An FLV tag says that {previous} bytes came before it, where {expected} did.");
}
