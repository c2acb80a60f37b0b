using System.Buffers;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace RoomGrains.Gateway.Connections;

/// <summary>
/// The bytes that a client sends, for one reader that others may wake. An idle connection holds no buffer: it waits for readability with a receive
/// of zero bytes, so that ten thousand pending clients cost their sockets and little more. A wake-up does not disturb that wait. (A pipe over a
/// stream does the same with an exception for each wake-up; in a storm those were a tenth of the processor time.)
/// </summary>
internal sealed class SocketInput : IValueTaskSource, IDisposable
{
    /// <summary>Large enough for a video frame of a usual room in one read; rented only while bytes are there.</summary>
    private const int BufferSize = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly SocketAsyncEventArgs _readable = new(true);
    private ManualResetValueTaskSourceCore<bool> _signal;
    private bool _mayBeReadable = true;
    private bool _listens;
    private bool _awaited;
    private bool _woken;
    private bool _disposed;
    private byte[]? _buffer;
    private int _start;
    private int _end;

    /// <param name="socket">It must not block.</param>
    public SocketInput(Socket socket)
    {
        _socket = socket;
        _readable.SetBuffer(Memory<byte>.Empty);
        _readable.Completed += (_, _) => OnReadable();
    }

    /// <summary>What has come, what was left of the last time before it; false when nothing has, and nobody has woken the reader.</summary>
    /// <param name="bytes">Valid until <see cref="Advance"/>, which must follow. May be empty after a wake-up.</param>
    /// <param name="ended">Whether the client has closed its end.</param>
    /// <exception cref="SocketException">The connection is lost.</exception>
    public bool TryRead(out ReadOnlySequence<byte> bytes, out bool ended)
    {
        bool woken, readable;
        lock (_gate)
        {
            (woken, readable) = (_woken, _mayBeReadable);
            _woken = false;
        }
        ended = false;
        var received = readable && Receive(out ended);
        bytes = _buffer is null ? default : new ReadOnlySequence<byte>(_buffer, _start, _end - _start);
        return woken || received;
    }

    /// <summary>Completes when there may be something to read, or somebody wakes the reader. One caller at a time.</summary>
    public ValueTask WaitAsync()
    {
        short version;
        lock (_gate)
        {
            if (_woken || _mayBeReadable)
                return ValueTask.CompletedTask;
            _signal.Reset();
            version = _signal.Version;
            _awaited = true;
            if (_listens)
                return new ValueTask(this, version);
            _listens = true;
        }
        if (!_socket.ReceiveAsync(_readable))
            OnReadable();
        return new ValueTask(this, version);
    }

    /// <summary>The reader has used this many of the bytes; the rest comes again.</summary>
    public void Advance(long consumed)
    {
        _start += (int)consumed;
        if (_start < _end || _buffer is null)
            return;
        ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _end) = (null, 0, 0);
    }

    /// <summary>Lets the reader go on, now or at its next wait. Any thread; the reader does not run on it.</summary>
    public void Wake()
    {
        lock (_gate)
            _woken = true;
        Signal(elsewhere: true);
    }

    /// <summary>Only when nobody reads any more, and the socket is closed.</summary>
    public void Dispose()
    {
        if (_buffer is not null)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
        lock (_gate)
        {
            _disposed = true;
            if (_listens)
                return;
        }
        _readable.Dispose();
    }

    void IValueTaskSource.GetResult(short token) => _signal.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _signal.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _signal.OnCompleted(continuation, state, token, flags);

    private bool Receive(out bool ended)
    {
        ended = false;
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        }
        else if (_start > 0)
        {
            // The start of a header, or a part of the handshake.
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        var room = _buffer.AsSpan(_end);
        // Whoever reads uses up all but a header or a packet of the handshake; a read into nothing would look like the client's end.
        if (room.IsEmpty)
            throw new InvalidOperationException("The reader leaves more than it may.");
        var received = _socket.Receive(room, SocketFlags.None, out var error);
        // What leaves room has taken all there was: the next read would find nothing.
        if (received < room.Length)
            lock (_gate)
                _mayBeReadable = false;
        if (error == SocketError.Success)
        {
            _end += received;
            ended = received == 0;
            return true;
        }
        if (_start == _end)
            Advance(0);
        return error == SocketError.WouldBlock ? false : throw new SocketException((int)error);
    }

    private void OnReadable()
    {
        bool disposed;
        lock (_gate)
        {
            _listens = false;
            _mayBeReadable = true;
            disposed = _disposed;
        }
        if (disposed)
            _readable.Dispose();
        else
            Signal(elsewhere: false);
    }

    private void Signal(bool elsewhere)
    {
        lock (_gate)
        {
            if (!_awaited)
                return;
            _awaited = false;
            _signal.RunContinuationsAsynchronously = elsewhere;
        }
        _signal.SetResult(true);
    }
}
