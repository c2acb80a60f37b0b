using System.Buffers;

namespace RoomGrains.Load.Wire;

/// <summary>
/// A client's socket, which never blocks. It has no thread, no timer and no buffer of its own but for what the kernel did not take and for
/// what was left over of a read: the loop calls it when there is something to do.
/// </summary>
internal abstract class LoadSocket(LoadLoop loop, byte[] address) : IDisposable
{
    // A server that takes less than is published: 4 MiB are half a minute of a stream of 1 Mbit/s.
    private const int MaxUnsent = 4 * 1024 * 1024;

    private int _socket = -1;
    private uint _events;
    private bool _isConnecting;
    private bool _isDeaf;
    private bool _discards;
    private byte[] _leftOver = [];
    private int _leftOverLength;
    private ArrayBufferWriter<byte>? _unsent;
    private int _unsentFrom;

    /// <summary>By which the loop knows the socket.</summary>
    public ulong Key { get; private set; }

    /// <summary>When it began to connect.</summary>
    public long OpenedAt { get; private set; }

    /// <summary>Why it has ended; null while it has not.</summary>
    public string? End { get; private set; }

    /// <summary>Whether we ended it.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether it has ended and we did not end it.</summary>
    public bool IsLost => End is not null && !IsClosed;

    /// <summary>The thread on which it lives.</summary>
    public LoadLoop Loop => loop;

    /// <summary>Begins to connect.</summary>
    /// <param name="receiveBuffer">Bytes that the kernel keeps of what is not read; 0: its default.</param>
    public void Open(int receiveBuffer = 0)
    {
        OpenedAt = Clock.Now;
        _socket = Native.OpenSocket(address);
        if (_socket < 0)
            throw new LoadException($"no socket for another client: {Native.Describe(Native.LastError)}. 'ulimit -n' shows how many files a process may open.");
        if (receiveBuffer > 0)
            Native.SetReceiveBuffer(_socket, receiveBuffer);
        _isConnecting = true;
        _events = Native.Writable;
        Key = loop.Add(_socket, this, _events);
        if (Native.Connect(_socket, address) is not 0 and var error)
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
            OnConnected();
            Await();
            return;
        }
        if ((events & Native.Writable) != 0)
            Flush();
        if (!_isDeaf && (events & (Native.Readable | Native.HangUp)) != 0)
            Read();
    }

    /// <summary>Sends what was written to the loop's output: one call of the system, however much it is. What the kernel does not take now is sent when it does.</summary>
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
        if (sent < written.Length)
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

    /// <summary>Ends the connection as one that failed.</summary>
    protected void Fail(string reason) => Finish(reason);

    /// <summary>The server has taken the connection.</summary>
    protected abstract void OnConnected();

    /// <summary>Bytes have come. What is not used of them comes again with the next.</summary>
    /// <param name="input">What was left over of the last time, and what has come.</param>
    /// <param name="count">How many have come.</param>
    protected abstract void OnReceived(ref ReadOnlySequence<byte> input, int count);

    /// <summary>The connection has ended, by whomever.</summary>
    protected abstract void OnEnded();

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
        var left = new ReadOnlySequence<byte>(input, 0, _leftOverLength + count);
        OnReceived(ref left, count);
        // The start of a header, or of a handshake packet.
        _leftOverLength = (int)left.Length;
        if (_leftOver.Length < _leftOverLength)
            _leftOver = new byte[_leftOverLength];
        left.CopyTo(_leftOver);
    }

    private bool SendUnsent()
    {
        var sent = SendNow(_unsent!.WrittenSpan[_unsentFrom..]);
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
        (_leftOver, _leftOverLength, _unsent) = ([], 0, null);
        OnEnded();
    }
}
