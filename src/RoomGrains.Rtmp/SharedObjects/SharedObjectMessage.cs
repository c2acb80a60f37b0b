using System.Collections.Immutable;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.SharedObjects;

/// <summary>A shared-object message (RTMP 1.0 §7.1.3): events of one remote shared object, in order.</summary>
/// <remarks>
/// <code>
/// [type 16: u8 encoding, 0 or 3]
/// u16 length, name | u32 version | u32 flags, 2 = persistent | u32 0 | (u8 type, u32 length, data)*
/// data:  1 2 8 11 14: none      5 9 10: u16 length, slot      7: u16 length, code, u16 length, level
///        3 4 13: (u16 length, slot, AMF value)*               6: AMF string, AMF values
/// </code>
/// Values are AMF0, with AMF3 behind the switch marker in type 16. Servers talking to servers put other bits into the flags: only the bit of
/// persistence is looked at, and that of proxies.
/// </remarks>
/// <param name="Name">The object's name within its room.</param>
/// <param name="Version">The version that the sender has: it counts committed changes.</param>
/// <param name="IsPersistent">Whether the object outlives its last subscriber.</param>
/// <param name="Events">The events. A change of several slots in one event reads as several events.</param>
public sealed record SharedObjectMessage(string Name, uint Version, bool IsPersistent, ImmutableArray<SharedObjectEvent> Events)
{
    /// <summary>The usual chunk stream: that of commands.</summary>
    public const int ChunkStreamId = 3;

    private const uint PersistentFlag = 2;
    private const uint ProxiedFlag = 0x10;

    /// <summary>
    /// Whether the sender speaks as a server that passes an object on: FMS' proxies, and the npm package rtmp-client. Such a one does not keep what it asks for,
    /// and takes its own changes from <see cref="SharedObjectEventType.ChangeEcho"/> and not from <see cref="SharedObjectEventType.Success"/>.
    /// </summary>
    public bool IsProxied { get; init; }

    /// <summary>Whether a message is one of a shared object, of either type.</summary>
    public static bool IsSharedObject(MessageType type) => type is MessageType.SharedObjectAmf0 or MessageType.SharedObjectAmf3;

    /// <summary>Reads a message. It keeps its reference to the payload; nothing of it is shared.</summary>
    /// <exception cref="RtmpProtocolException">The payload is no shared-object message, or one beyond the limits.</exception>
    /// <exception cref="ArgumentException">The message is of another type; see <see cref="IsSharedObject"/>.</exception>
    public static SharedObjectMessage Parse(in RtmpMessage message, AmfLimits? limits = null)
    {
        if (!IsSharedObject(message.Type))
            throw new ArgumentException($"A message of type {message.Type} is not of a shared object.", nameof(message));
        return Parse(message.Type, message.Payload.Span, limits);
    }

    /// <summary>Reads the payload of a message.</summary>
    /// <exception cref="RtmpProtocolException">The payload is no shared-object message, or one beyond the limits.</exception>
    internal static SharedObjectMessage Parse(MessageType type, ReadOnlySpan<byte> payload, AmfLimits? limits = null)
    {
        var reader = new SpanReader(payload);
        if (type == MessageType.SharedObjectAmf3 && reader.Byte() is var encoding and not (0 or 3))
            Throw.SharedObjectEncoding(encoding);
        var name = reader.ShortText();
        var version = reader.UInt32();
        var flags = reader.UInt32();
        reader.UInt32();

        var state = new AmfReadState(limits ?? AmfLimits.Default);
        var events = ImmutableArray.CreateBuilder<SharedObjectEvent>();
        while (reader.Left > 0)
        {
            state.CountValue();
            var eventType = (SharedObjectEventType)reader.Byte();
            var length = reader.UInt32();
            if (length > (uint)reader.Left)
                Throw.SharedObjectEvent(length, reader.Left);
            ParseEvent(eventType, reader.Take(length), state, events);
        }
        return new SharedObjectMessage(name, version, (flags & PersistentFlag) != 0, events.DrainToImmutable()) { IsProxied = (flags & ProxiedFlag) != 0 };
    }

    /// <summary>The payload. The caller holds the one reference to it.</summary>
    /// <exception cref="RtmpProtocolException">A value came from a peer and cannot be written (see <see cref="Amf0Writer"/>).</exception>
    public SharedBuffer EncodePayload(MessageType type = MessageType.SharedObjectAmf0)
    {
        using var output = new PayloadWriter();
        var values = new Amf0Writer(output);
        if (type == MessageType.SharedObjectAmf3)
            output.Put(0);
        values.WriteShortText(Name);
        output.PutUInt32(Version);
        output.PutUInt32((IsPersistent ? PersistentFlag : 0) | (IsProxied ? ProxiedFlag : 0));
        output.PutUInt32(0);
        foreach (var item in Events)
        {
            output.Put((byte)item.Type);
            var start = output.Length;
            output.PutUInt32(0);
            WriteEvent(item, output, values);
            output.PatchUInt32(start, (uint)(output.Length - start - 4));
        }
        return output.ToBuffer();
    }

    /// <summary>The message, cut into chunks. The caller holds the one reference to it.</summary>
    public OutgoingMessage ToOutgoing(int chunkSize, uint timestamp = 0, MessageType type = MessageType.SharedObjectAmf0)
    {
        var payload = EncodePayload(type);
        var message = OutgoingMessage.Encode(type, timestamp, payload, ChunkStreamId, chunkSize);
        payload.Release();
        return message;
    }

    private static void ParseEvent(SharedObjectEventType type, ReadOnlySpan<byte> data, AmfReadState state, ImmutableArray<SharedObjectEvent>.Builder events)
    {
        var reader = new SpanReader(data);
        switch (type)
        {
            case SharedObjectEventType.Use or SharedObjectEventType.Release or SharedObjectEventType.Clear or SharedObjectEventType.UseSuccess
                or SharedObjectEventType.RequestClear:
                events.Add(SharedObjectEvent.Of(type));
                break;
            case SharedObjectEventType.RequestChange or SharedObjectEventType.Change or SharedObjectEventType.ChangeEcho:
                while (reader.Left > 0)
                {
                    var key = reader.ShortText();
                    // Some clients end with a slot that has no value: it reads as removed.
                    var values = new Amf0Reader(reader.Rest, state);
                    var value = values.ReadOrUndefined();
                    reader.Take((uint)values.Position);
                    events.Add(type switch
                    {
                        SharedObjectEventType.Change => SharedObjectEvent.Change(key, value),
                        SharedObjectEventType.ChangeEcho => SharedObjectEvent.ChangeEcho(key, value),
                        _ => SharedObjectEvent.RequestChange(key, value),
                    });
                }
                break;
            case SharedObjectEventType.Success:
                events.Add(SharedObjectEvent.Success(reader.ShortText()));
                break;
            case SharedObjectEventType.Remove:
                events.Add(SharedObjectEvent.Remove(reader.ShortText()));
                break;
            case SharedObjectEventType.RequestRemove:
                events.Add(SharedObjectEvent.RequestRemove(reader.ShortText()));
                break;
            case SharedObjectEventType.Status:
                events.Add(SharedObjectEvent.Status(reader.ShortText(), reader.ShortText()));
                break;
            case SharedObjectEventType.Internal:
                events.Add(SharedObjectEvent.Internal(reader.ShortText(), reader.UInt32()));
                break;
            case SharedObjectEventType.Send:
                ParseSend(data, state, events);
                break;
            default:
                // From a future, or from somebody's server: its length lets us go on behind it.
                break;
        }
    }

    private static void ParseSend(ReadOnlySpan<byte> data, AmfReadState state, ImmutableArray<SharedObjectEvent>.Builder events)
    {
        var reader = new Amf0Reader(data, state);
        if (reader.ReadOrUndefined().AsString() is not { } handler)
        {
            Throw.SharedObjectSend();
            return;
        }
        var arguments = new List<AmfValue>();
        while (!reader.IsAtEnd)
            arguments.Add(reader.Read());
        events.Add(SharedObjectEvent.Send(handler, [.. arguments]));
    }

    private static void WriteEvent(SharedObjectEvent item, PayloadWriter output, Amf0Writer values)
    {
        switch (item.Type)
        {
            case SharedObjectEventType.Send:
                values.Write(item.Key);
                foreach (var argument in item.Values)
                    values.Write(argument);
                break;
            case SharedObjectEventType.Status:
                values.WriteShortText(item.Key);
                values.WriteShortText(item.Level);
                break;
            case SharedObjectEventType.Internal:
                values.WriteShortText(item.Key);
                output.PutUInt32((uint)item.Value.AsInteger(0, uint.MaxValue));
                break;
            case SharedObjectEventType.RequestChange or SharedObjectEventType.Change or SharedObjectEventType.ChangeEcho:
                values.WriteShortText(item.Key);
                values.Write(item.Value);
                break;
            case SharedObjectEventType.Success or SharedObjectEventType.Remove or SharedObjectEventType.RequestRemove:
                values.WriteShortText(item.Key);
                break;
        }
    }
}
