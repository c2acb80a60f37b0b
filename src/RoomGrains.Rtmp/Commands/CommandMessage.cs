using System.Collections.Immutable;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Commands;

/// <summary>
/// A command, or the answer to one (RTMP 1.0 §7.1.1, §7.2): name, transaction, command object, arguments. Which NetStream it is for is
/// said by the message stream id of the <see cref="RtmpMessage"/> around it.
/// </summary>
/// <remarks>
/// <code>
/// type 20:    string name | number transaction | object or null | values...
/// type 17: 00 as type 20; a value may switch to AMF3 with marker 11
/// </code>
/// </remarks>
public sealed record CommandMessage
{
    /// <summary>The usual chunk stream of commands. Receivers infer nothing from it.</summary>
    public const int ChunkStreamId = 3;

    /// <summary>A command.</summary>
    public CommandMessage(string name, double transactionId, AmfValue commandObject, params ReadOnlySpan<AmfValue> arguments)
    {
        Name = name;
        // A transaction that is no number cannot be answered; 0 says just that.
        TransactionId = double.IsFinite(transactionId) ? transactionId : 0;
        CommandObject = commandObject;
        Arguments = [.. arguments];
    }

    /// <summary>The method, or <c>_result</c> or <c>_error</c>.</summary>
    public string Name { get; }

    /// <summary>Pairs a command with its answer; 0 when no answer is wanted. GStreamer publishes with 0.</summary>
    public double TransactionId { get; }

    /// <summary>Whether the sender wants an answer: with transaction 0 it must get none.</summary>
    public bool ExpectsAnswer => TransactionId != 0;

    /// <summary>The object after the transaction; null for most commands.</summary>
    public AmfValue CommandObject { get; }

    /// <summary>The values after the command object.</summary>
    public ImmutableArray<AmfValue> Arguments { get; }

    /// <summary>An argument; <see cref="AmfValue.Undefined"/> when it was left out.</summary>
    public AmfValue this[int argument] => (uint)argument < (uint)Arguments.Length ? Arguments[argument] : default;

    /// <summary>Whether a message is a command, of either type.</summary>
    public static bool IsCommand(MessageType type) => type is MessageType.CommandAmf0 or MessageType.CommandAmf3;

    /// <summary>Reads a command. The message keeps its reference to the payload; nothing of it is shared.</summary>
    /// <exception cref="RtmpProtocolException">The payload is no command, or one beyond the limits.</exception>
    /// <exception cref="ArgumentException">The message is of another type; see <see cref="IsCommand"/>.</exception>
    public static CommandMessage Parse(in RtmpMessage message, AmfLimits? limits = null)
    {
        if (!IsCommand(message.Type))
            throw new ArgumentException($"A message of type {message.Type} is no command.", nameof(message));
        var payload = message.Payload.Span;
        if (message.Type == MessageType.CommandAmf3)
            payload = AfterFormatByte(payload);
        var reader = new Amf0Reader(payload, limits);
        if (reader.ReadOrUndefined().AsString() is not { Length: > 0 } name)
        {
            Throw.CommandWithoutName();
            return null;
        }
        reader.ReadOrUndefined().TryGetNumber(out var transactionId);
        var commandObject = reader.ReadOrUndefined();
        var arguments = new List<AmfValue>();
        while (!reader.IsAtEnd)
            arguments.Add(reader.Read());
        return new CommandMessage(name, transactionId, commandObject, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(arguments));
    }

    /// <summary>The payload. The caller holds the one reference to it.</summary>
    /// <param name="type">Type 20, which everyone reads, or type 17.</param>
    /// <exception cref="RtmpProtocolException">A value came from a peer and cannot be written (see <see cref="Amf0Writer"/>).</exception>
    public SharedBuffer EncodePayload(MessageType type = MessageType.CommandAmf0)
    {
        using var output = new PayloadWriter();
        if (type == MessageType.CommandAmf3)
            output.Put(0);
        var writer = new Amf0Writer(output);
        writer.Write(Name);
        writer.Write(TransactionId);
        writer.Write(CommandObject);
        foreach (var argument in Arguments)
            writer.Write(argument);
        return output.ToBuffer();
    }

    /// <summary>The message, cut into chunks. The caller holds the one reference to it.</summary>
    public OutgoingMessage ToOutgoing(int chunkSize, uint timestamp = 0, int chunkStreamId = ChunkStreamId, MessageType type = MessageType.CommandAmf0)
    {
        var payload = EncodePayload(type);
        var message = OutgoingMessage.Encode(type, timestamp, payload, chunkStreamId, chunkSize);
        payload.Release();
        return message;
    }

    /// <summary>The name, the transaction and the number of arguments. The values may hold secrets.</summary>
    public override string ToString() => $"{Name} {TransactionId} ({Arguments.Length} arguments)";

    private static ReadOnlySpan<byte> AfterFormatByte(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty || payload[0] != 0)
            Throw.CommandFormatByte(payload);
        return payload[1..];
    }
}
