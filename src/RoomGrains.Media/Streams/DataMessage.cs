using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Media.Streams;

internal enum DataKind { Live, Metadata, ClearMetadata, Ignored }

/// <summary>
/// A publisher's data message as players get it: without @setDataFrame, which is a word to the server, and always as type 18 (type 15
/// carries the same values after a format byte).
/// </summary>
internal readonly record struct DataMessage(DataKind Kind, SharedBuffer Payload, int Width, int Height) : IDisposable
{
    private const string MetadataName = "onMetaData";

    /// <summary>Reads a data message; false when it is malformed. The caller disposes the result, which has a reference of its own.</summary>
    public static bool TryRead(in RtmpMessage message, out DataMessage data)
    {
        try
        {
            return TryRead(message.Payload, skipped: message.Type == MessageType.DataAmf3 ? 1 : 0, out data);
        }
        catch (RtmpProtocolException)
        {
            data = default;
            return false;
        }
    }

    public void Dispose() => Payload?.Release();

    private static bool TryRead(SharedBuffer payload, int skipped, out DataMessage data)
    {
        data = default;
        if (payload.Length <= skipped)
            return false;
        var reader = new Amf0Reader(payload.Span[skipped..]);
        var name = reader.Read().AsString();
        if (name == "@clearDataFrame")
        {
            var kind = reader.ReadOrUndefined().AsString() == MetadataName ? DataKind.ClearMetadata : DataKind.Ignored;
            data = new DataMessage(kind, SharedBuffer.Empty, 0, 0);
            return true;
        }
        if (name == "@setDataFrame")
        {
            skipped += reader.Position;
            name = reader.ReadOrUndefined().AsString();
        }
        if (name is null)
            return false;
        var properties = name == MetadataName ? reader.ReadOrUndefined() : default;
        data = new DataMessage(
            name == MetadataName ? DataKind.Metadata : DataKind.Live,
            skipped == 0 ? payload.AddReference() : SharedBuffer.CopyOf(payload.Span[skipped..]),
            SizeOf(properties["width"]), SizeOf(properties["height"]));
        return true;
    }

    private static int SizeOf(AmfValue value) => (int)value.AsInteger(0, 65_535);
}
