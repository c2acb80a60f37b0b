using System.Collections.Immutable;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Commands;

/// <summary>A data message (RTMP 1.0 §7.1.2): a handler name and values, for example <c>onMetaData</c> and an object. Also an FLV script tag.</summary>
/// <remarks>
/// <code>
/// type 18:    string handler | values...
/// type 15: 00 as type 18; a value may switch to AMF3 with marker 11
/// From publishers: string "@setDataFrame" | string handler | values...     keep it for late joiners, pass on what follows
///                  string "@clearDataFrame" | string handler               forget it
/// </code>
/// </remarks>
public sealed record DataMessage
{
    /// <summary>The usual chunk stream of data: that of audio.</summary>
    public const int ChunkStreamId = 4;

    /// <summary>The handler of a stream's metadata.</summary>
    public const string OnMetaData = "onMetaData";

    /// <summary>A data message to be passed on as it is.</summary>
    public DataMessage(string handler, params ReadOnlySpan<AmfValue> values)
        : this(handler, DataFrame.None, [.. values])
    {
    }

    private DataMessage(string handler, DataFrame frame, ImmutableArray<AmfValue> values) => (Handler, Frame, Values) = (handler, frame, values);

    /// <summary>The handler, without a <c>@setDataFrame</c> or <c>@clearDataFrame</c> before it.</summary>
    public string Handler { get; }

    /// <summary>Whether the publisher wants the message kept for those who join late.</summary>
    public DataFrame Frame { get; private init; }

    /// <summary>The values after the handler.</summary>
    public ImmutableArray<AmfValue> Values { get; }

    /// <summary>A value; <see cref="AmfValue.Undefined"/> when there is none.</summary>
    public AmfValue this[int index] => (uint)index < (uint)Values.Length ? Values[index] : default;

    /// <summary>Whether this is a stream's metadata, whoever marked it as to be kept or not: nginx-rtmp relays it without the mark.</summary>
    public bool IsMetadata => Handler == OnMetaData && Frame != DataFrame.Clear;

    /// <summary>Whether a message is a data message, of either type.</summary>
    public static bool IsData(MessageType type) => type is MessageType.DataAmf0 or MessageType.DataAmf3;

    /// <summary>Reads a data message. The message keeps its reference to the payload; nothing of it is shared.</summary>
    /// <exception cref="RtmpProtocolException">The payload is no data message, or one beyond the limits.</exception>
    /// <exception cref="ArgumentException">The message is of another type; see <see cref="IsData"/>.</exception>
    public static DataMessage Parse(in RtmpMessage message, AmfLimits? limits = null)
    {
        if (!IsData(message.Type))
            throw new ArgumentException($"A message of type {message.Type} is no data message.", nameof(message));
        return Parse(message.Type, message.Payload.Span, limits);
    }

    /// <summary>Reads the payload of a data message, or of an FLV script tag: these are the same bytes.</summary>
    /// <exception cref="RtmpProtocolException">The payload is no data message, or one beyond the limits.</exception>
    public static DataMessage Parse(MessageType type, ReadOnlySpan<byte> payload, AmfLimits? limits = null)
    {
        if (type == MessageType.DataAmf3)
        {
            if (payload.IsEmpty || payload[0] != 0)
                Throw.DataFormatByte(payload);
            payload = payload[1..];
        }
        var reader = new Amf0Reader(payload, limits);
        var handler = reader.ReadOrUndefined().AsString();
        var frame = handler switch
        {
            "@setDataFrame" => DataFrame.Set,
            "@clearDataFrame" => DataFrame.Clear,
            _ => DataFrame.None,
        };
        if (frame != DataFrame.None)
            handler = reader.ReadOrUndefined().AsString();
        if (string.IsNullOrEmpty(handler))
            Throw.DataWithoutHandler();
        var values = ImmutableArray.CreateBuilder<AmfValue>();
        while (!reader.IsAtEnd)
            values.Add(reader.Read());
        return new DataMessage(handler, frame, values.DrainToImmutable());
    }

    /// <summary>The same message with the mark that publishers put before metadata.</summary>
    public DataMessage WithFrame(DataFrame frame) => this with { Frame = frame };

    /// <summary>The payload, type 18. The caller holds the one reference to it. For players, <see cref="Frame"/> is to be <see cref="DataFrame.None"/>.</summary>
    /// <exception cref="RtmpProtocolException">A value came from a peer and cannot be written (see <see cref="Amf0Writer"/>).</exception>
    public SharedBuffer EncodePayload()
    {
        using var output = new PayloadWriter();
        var writer = new Amf0Writer(output);
        if (Frame != DataFrame.None)
            writer.Write(Frame == DataFrame.Set ? "@setDataFrame" : "@clearDataFrame");
        writer.Write(Handler);
        foreach (var value in Values)
            writer.Write(value);
        return output.ToBuffer();
    }

    /// <summary>The handler and the number of values.</summary>
    public override string ToString() => $"{Handler} ({Values.Length} values)";

    /// <summary>The message, cut into chunks. The caller holds the one reference to it.</summary>
    public OutgoingMessage ToOutgoing(int chunkSize, uint timestamp = 0, int chunkStreamId = ChunkStreamId)
    {
        var payload = EncodePayload();
        var message = OutgoingMessage.Encode(MessageType.DataAmf0, timestamp, payload, chunkStreamId, chunkSize);
        payload.Release();
        return message;
    }
}

/// <summary>What a publisher wants done with a data message besides passing it on.</summary>
public enum DataFrame
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary><c>@setDataFrame</c>: keep it for those who join late.</summary>
    Set,
    /// <summary><c>@clearDataFrame</c>: forget what is kept of this handler.</summary>
    Clear,
}
