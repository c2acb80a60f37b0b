using System.Buffers;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Handshakes;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Load.Wire;

/// <summary>A client's connection: handshake, chunks, and what every client must answer by the way.</summary>
internal abstract class LoadConnection(LoadLoop loop, LoadTarget target) : LoadSocket(loop, target.Address)
{
    // What OBS and FFmpeg send.
    private const int ChunkSize = 4096;

    private readonly ChunkReader _reader = new(ChunkReaderLimits.AfterAccept);
    private readonly ChunkWriter _writer = new();
    private ClientHandshake? _handshake;
    private long _received;
    private long _acknowledged;
    private uint _window;

    /// <summary>When it sent <c>connect</c>: the handshake was done.</summary>
    public long AskedAt { get; private set; }

    protected LoadTarget Target => target;

    /// <summary>Writes a message to what is sent with the next flush.</summary>
    protected void Write(MessageType type, uint timestamp, uint streamId, ReadOnlySpan<byte> payload, int chunkStreamId) =>
        _writer.Write(Loop.Output, type, timestamp, streamId, payload, chunkStreamId);

    /// <summary>Writes a command.</summary>
    protected void Write(CommandMessage command, uint streamId)
    {
        var payload = command.EncodePayload();
        Write(MessageType.CommandAmf0, 0, streamId, payload.Span, CommandMessage.ChunkStreamId);
        payload.Release();
    }

    /// <summary>Writes a message that is ready: those of control.</summary>
    protected void Write(OutgoingMessage message)
    {
        Write(message.Type, message.Timestamp, 0, message.Body, ControlMessages.ChunkStreamId);
        message.Release();
    }

    /// <summary>Bytes have come.</summary>
    protected abstract void OnBytes(int count);

    /// <summary>A message has come whole with the bytes that were read at <paramref name="now"/>. It is given back after the call.</summary>
    protected abstract void OnMessage(in RtmpMessage message, long now);

    /// <inheritdoc/>
    protected override void OnConnected()
    {
        _handshake = new ClientHandshake();
        var nothing = ReadOnlySequence<byte>.Empty;
        _handshake.TryAdvance(ref nothing, Loop.Output);
        Flush();
    }

    /// <inheritdoc/>
    protected override void OnReceived(ref ReadOnlySequence<byte> input, int count)
    {
        var now = Clock.Now;
        _received += count;
        OnBytes(count);
        try
        {
            if (_handshake is null || ShakeHands(ref input))
                ReadMessages(ref input, now);
        }
        catch (RtmpProtocolException exception)
        {
            Fail($"the server sent what is no RTMP: {exception.Message}");
        }
        Acknowledge();
    }

    /// <inheritdoc/>
    protected override void OnEnded() => _reader.Dispose();

    private bool ShakeHands(ref ReadOnlySequence<byte> input)
    {
        var done = _handshake!.TryAdvance(ref input, Loop.Output);
        if (done)
        {
            _handshake = null;
            Connect();
        }
        else
        {
            Flush();
        }
        return done;
    }

    // With the last bytes of the handshake.
    private void Connect()
    {
        Write(MessageType.SetChunkSize, 0, 0, [0, 0, ChunkSize >> 8, ChunkSize & 0xFF], ControlMessages.ChunkStreamId);
        _writer.ChunkSize = ChunkSize;
        Write(MessageType.CommandAmf0, 0, 0, target.ConnectPayload.Span, CommandMessage.ChunkStreamId);
        AskedAt = Clock.Now;
        Flush();
    }

    private void ReadMessages(ref ReadOnlySequence<byte> input, long now)
    {
        while (End is null && _reader.TryRead(ref input, out var message))
        {
            Obey(message);
            if (message.Type == MessageType.Aggregate)
            {
                var parts = new AggregateReader(message);
                while (parts.TryRead(out var part))
                {
                    OnMessage(part, now);
                    part.Release();
                }
            }
            else
            {
                OnMessage(message, now);
            }
            message.Release();
        }
    }

    private void Obey(in RtmpMessage message)
    {
        if (message.Type == MessageType.WindowAckSize && ControlMessages.TryReadValue(message.Payload.Span, out var window))
        {
            _window = window;
        }
        else if (message.Type == MessageType.UserControl && UserControlEvent.TryParse(message.Payload.Span, out var control) && control.Type == UserControlEventType.PingRequest)
        {
            Write(ControlMessages.PingResponse(control.Value));
            Flush();
        }
    }

    // As FFmpeg does it: twice in a window.
    private void Acknowledge()
    {
        if (_window == 0 || _received - _acknowledged < _window / 2 || End is not null)
            return;
        _acknowledged = _received;
        Write(ControlMessages.Acknowledgement(_received));
        Flush();
    }
}
