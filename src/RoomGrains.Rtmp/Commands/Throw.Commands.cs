using System.Diagnostics.CodeAnalysis;

namespace RoomGrains.Rtmp;

internal static partial class Throw
{
    [DoesNotReturn]
    public static void CommandWithoutName() => Error(ProtocolError.CommandFormat, "A command message that does not begin with a name.");

    [DoesNotReturn]
    public static void CommandFormatByte(ReadOnlySpan<byte> payload) => Error(ProtocolError.CommandFormat, FormatByte("command", payload));

    [DoesNotReturn]
    public static void DataWithoutHandler() => Error(ProtocolError.DataFormat, "A data message that does not begin with a handler name.");

    [DoesNotReturn]
    public static void DataFormatByte(ReadOnlySpan<byte> payload) => Error(ProtocolError.DataFormat, FormatByte("data", payload));

    private static string FormatByte(string kind, ReadOnlySpan<byte> payload) => payload.IsEmpty
        ? $"A {kind} message of AMF3 type without its format byte."
        : $"A {kind} message of AMF3 type with format byte 0x{payload[0]:X2}; only 0 is defined.";
}
