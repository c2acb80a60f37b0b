using System.Diagnostics.CodeAnalysis;

namespace RoomGrains.Rtmp;

internal static partial class Throw
{
    [DoesNotReturn]
    public static void SharedObjectEncoding(byte encoding) =>
        Error(ProtocolError.SharedObjectFormat, $"A shared-object message with encoding {encoding}; only 0 and 3 are defined.");

    [DoesNotReturn]
    public static void SharedObjectEvent(uint length, int left) =>
        Error(ProtocolError.SharedObjectFormat, $"A shared-object event says {length} bytes where {left} are left.");

    [DoesNotReturn]
    public static void SharedObjectSend() =>
        Error(ProtocolError.SharedObjectFormat, "A shared-object event to call a handler that does not begin with the handler's name.");
}
