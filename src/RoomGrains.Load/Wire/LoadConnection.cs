using System.Buffers;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Handshakes;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Load.Wire;

/// <summary>
/// A client's connection: socket, handshake, chunks, and what every client must answer by the way. It has no thread, no timer and no
/// buffer of its own but for what is left over: the loop calls it when there is something to do.
/// </summary>
internal abstract class LoadConnection(LoadLoop loop, LoadTarget target) : IDisposable
{
    // What OBS and FFmpeg send.
    private const int ChunkSize = 4096;

    // A server that takes less than is published: 4 MiB are half a minute of a stream of 1 Mbit/s.
    private const int MaxUnsent = 4 * 1024 * 1024;

    private readonly ChunkReader _reader = new(ChunkReaderLimits.AfterAccept);
    private readonly ChunkWriter _writer = new();
    private ClientHandshake? _handshake;
    private int _socket = -1;
    private uint _events;
    private bool _isConnecting;
    private bool _isDeaf;
    private bool _discards;
    private byte[] _leftOver = [];
    private int _leftOverLength;
    private ArrayBufferWriter<byte>? _unsent;
    private int _unsentFrom;
    private long _received;
    private long _acknowledged;
    private uint _window;

    /// <summary>By which the loop knows the socket.</summary>
    public ulong Key { get; private set; }

    /// <summary>When it began to connect.</summary>
    public long OpenedAt { get; private set; }

    /// <summary>When it sent <c>connect</c>: the handshake was done.</summary>
    public long AskedAt { get; private set; }

    /// <summary>Why it has ended; null while it has not.</summary>
    public string? End { get; private set; }

    /// <summary>Whether we ended it.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether it has ended and we did not end it.</summary>
    public bool IsLost => End is not null && !IsClosed;

    /// <summary>The thread on which it lives.</summary>
    public LoadLoop Loop => loop;

    protected LoadTarget Target => target;

    /// <summary>Begins to connect.</summary>
    /// <param name="receiveBuffer">Bytes that the kernel keeps of what is not read; 0: its default.</param>
    public void Open(int receiveBuffer = 0)
    {
        OpenedAt = Clock.Now;
        _socket = Native.OpenSocket(target.Address);
        if (_socket < 0)
            throw new LoadException($"no socket for another client: {Native.Describe(Native.LastError)}. 'ulimit -n' shows how many files a process may open.");
        if (receiveBuffer > 0)
            Native.SetReceiveBuffer(_socket, receiveBuffer);
        _isConnecting = true;
        _events = Native.Writable;
        Key = loop.Add(_socket, this, _events);
        if (Native.Connect(_socket, target.Address) is not 0 and var error)
            Fail($"can't connect: {Native.Describe(error)}");
    }

    /// <summary>Leaves.</summary>
    public void Close()
    {
        if (End is not null)
            return;
        IsClosed = true;
        Finish("left");
    }

    /// <summary>As <see cref="Close"/>.</summary>
    public void Dispose() => Close();

    /// <summary>Reads no more: what the server sends piles up.</summary>
    public void StopReading()
    {
        _isDeaf = true;
        Await();
    }

    /// <summary>Reads again and looks at nothing, only for the end: the server's comes behind all that has piled up.</summary>
    public void Discard()
    {
        (_isDeaf, _discards) = (false, true);
        Await();
    }

    /// <summary>Called by the loop when the socket is ready.</summary>
    public void OnReady(uint events)
    {
        if ((events & Native.Error) != 0 || (_isDeaf && (events & Native.HangUp) != 0))
        {
            Fail(Native.PendingError(_socket) is not 0 and var error ? $"{(_isConnecting ? "can't connect: " : "")}{Native.Describe(error)}" : "the server closed the connection");
            return;
        }
        if (_isConnecting)
        {
            _isConnecting = false;
            _handshake = new ClientHandshake();
            var nothing = ReadOnlySequence<byte>.Empty;
            _handshake.TryAdvance(ref nothing, loop.Output);
            Flush();
            Await();
            return;
        }
        if ((events & Native.Writable) != 0)
            Flush();
        if (!_isDeaf && (events & (Native.Readable | Native.HangUp)) != 0)
            Read();
    }

    /// <summary>Writes a message to what is sent with the next <see cref="Flush"/>.</summary>
    protected void Write(MessageType type, uint timestamp, uint streamId, ReadOnlySpan<byte> payload, int chunkStreamId) =>
        _writer.Write(loop.Output, type, timestamp, streamId, payload, chunkStreamId);

    /// <summary>Writes a command.</summary>
    protected void Write(CommandMessage command, uint streamId)
    {
        var payload = command.EncodePayload();
        Write(MessageType.CommandAmf0, 0, streamId, payload.Span, CommandMessage.ChunkStreamId);
        payload.Release();
    }

    /// <summary>Sends what was written: one call of the system, however many messages. What the kernel does not take now is sent when it does.</summary>
    protected void Flush()
    {
        var written = loop.Output.WrittenSpan;
        if (End is not null)
        {
            loop.Output.ResetWrittenCount();
            return;
        }
        var sent = 0;
        if (_unsent is null || SendUnsent())
            sent = SendNow(written);
        if (sent >= 0 && sent < written.Length)
        {
            _unsent ??= new ArrayBufferWriter<byte>();
            _unsent.Write(written[sent..]);
            if (_unsent.WrittenCount - _unsentFrom > MaxUnsent)
                Fail("the server does not take what is published");
            else
                Await();
        }
        loop.Output.ResetWrittenCount();
    }

    /// <summary>The connection is open for messages: <c>connect</c> goes out with it.</summary>
    protected virtual void OnHandshaken()
    {
        Write(MessageType.SetChunkSize, 0, 0, [0, 0, ChunkSize >> 8, ChunkSize & 0xFF], ControlMessages.ChunkStreamId);
        _writer.ChunkSize = ChunkSize;
        Write(MessageType.CommandAmf0, 0, 0, target.ConnectPayload.Span, CommandMessage.ChunkStreamId);
        AskedAt = Clock.Now;
        Flush();
    }

    /// <summary>Bytes have come.</summary>
    protected abstract void OnBytes(int count);

    /// <summary>A message has come whole with the bytes that were read at <paramref name="now"/>. It is given back after the call.</summary>
    protected abstract void OnMessage(in RtmpMessage message, long now);

    /// <summary>The connection has ended, by whomever.</summary>
    protected abstract void OnEnded();

    /// <summary>Ends the connection as one that failed.</summary>
    protected void Fail(string reason) => Finish(reason);

    private void Read()
    {
        var input = loop.Input;
        _leftOver.AsSpan(0, _leftOverLength).CopyTo(input);
        var count = Native.Receive(_socket, input.AsSpan(_leftOverLength));
        if (count <= 0)
        {
            if (count == 0)
                Fail("the server closed the connection");
            else if (Native.LastError is not (Native.TryAgain or Native.Interrupted) and var error)
                Fail(Native.Describe(error));
            return;
        }
        if (_discards)
            return;
        var now = Clock.Now;
        _received += count;
        OnBytes(count);
        var left = new ReadOnlySequence<byte>(input, 0, _leftOverLength + count);
        try
        {
            if (_handshake is null || ShakeHands(ref left))
                ReadMessages(ref left, now);
        }
        catch (RtmpProtocolException exception)
        {
            Fail($"the server sent what is no RTMP: {exception.Message}");
        }
        Keep(left);
        Acknowledge();
    }

    private bool ShakeHands(ref ReadOnlySequence<byte> input)
    {
        var done = _handshake!.TryAdvance(ref input, loop.Output);
        if (done)
        {
            _handshake = null;
            OnHandshaken();
        }
        else
        {
            Flush();
        }
        return done;
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

    // The start of a header, or of a handshake packet.
    private void Keep(in ReadOnlySequence<byte> left)
    {
        _leftOverLength = (int)left.Length;
        if (_leftOver.Length < _leftOverLength)
            _leftOver = new byte[_leftOverLength];
        left.CopyTo(_leftOver);
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

    /// <summary>Writes a message that is ready: those of control.</summary>
    protected void Write(OutgoingMessage message)
    {
        Write(message.Type, message.Timestamp, 0, message.Body, ControlMessages.ChunkStreamId);
        message.Release();
    }

    private bool SendUnsent()
    {
        var sent = SendNow(_unsent!.WrittenSpan[_unsentFrom..]);
        if (sent < 0)
            return false;
        _unsentFrom += sent;
        if (_unsentFrom < _unsent.WrittenCount)
            return false;
        (_unsent, _unsentFrom) = (null, 0);
        Await();
        return true;
    }

    private int SendNow(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return 0;
        var sent = Native.Send(_socket, bytes);
        if (sent >= 0)
            return sent;
        if (Native.LastError is Native.TryAgain or Native.Interrupted)
            return 0;
        // That the server has closed is said by what can still be read: it may be its reason.
        return bytes.Length;
    }

    private void Await()
    {
        var events = (_isDeaf ? 0 : Native.Readable) | (_unsent is null ? 0 : Native.Writable);
        if (events == _events || End is not null)
            return;
        _events = events;
        loop.Change(_socket, Key, events);
    }

    private void Finish(string reason)
    {
        if (End is not null)
            return;
        End = reason;
        loop.Remove(_socket);
        _ = Native.Close(_socket);
        _reader.Dispose();
        (_leftOver, _leftOverLength, _unsent) = ([], 0, null);
        OnEnded();
    }
}
