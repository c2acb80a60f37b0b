using System.Diagnostics.CodeAnalysis;

namespace RoomGrains.Rtmp;

internal static partial class Throw
{
    [DoesNotReturn]
    public static void AmfTruncated(long needed, int left) =>
        Error(ProtocolError.AmfTruncated, $"An AMF value needs {needed} bytes where {left} are left in its message.");

    [DoesNotReturn]
    public static void AmfMarker(string version, byte marker) =>
        Error(ProtocolError.AmfMarker, $"0x{marker:X2} is not a type of {version} that may stand here.");

    [DoesNotReturn]
    public static void AmfDepth(int limit) => Error(ProtocolError.AmfDepth, $"AMF values nested more than {limit} deep.");

    [DoesNotReturn]
    public static void AmfTooManyValues(int limit) => Error(ProtocolError.AmfTooManyValues, $"More than {limit} AMF values in one message.");

    [DoesNotReturn]
    public static void AmfTooManyKeys(int limit) => Error(ProtocolError.AmfTooManyKeys, $"More than {limit} properties in one AMF object.");

    [DoesNotReturn]
    public static void AmfReference(string what, int index, int count) =>
        Error(ProtocolError.AmfReference, $"An AMF reference to {what} {index}, where {count} have been sent.");

    [DoesNotReturn]
    public static void AmfExternalizable() =>
        Error(ProtocolError.AmfExternalizable, "An externalizable AMF3 object; only flex.messaging.io.ArrayCollection can be read.");

    [DoesNotReturn]
    public static void AmfName(int length) =>
        Error(ProtocolError.AmfName, $"A property name of {length} bytes; AMF0 has no form for more than {ushort.MaxValue}.");

    [DoesNotReturn]
    public static void PayloadTooLong(int limit) => Error(ProtocolError.MessageTooLarge, $"A message of more than {limit} bytes can't be written.");
}
