using System.Net.Sockets;
using RoomGrains.Media;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Gateway.Connections;

/// <summary>
/// What waits to be sent to one client. Media and control messages stand in one queue, so that their order is the order they were
/// enqueued in; the queue holds references, never copies. One gathered write at a time takes what is waiting: header and shared body of
/// each message. Any thread may enqueue and flush.
/// </summary>
/// <remarks>
/// A flush writes on the caller's thread as long as the kernel takes the bytes, which it nearly always does: a publisher's thread serves
/// all players of its stream without a thread hop for each. When the kernel's buffer is full the write goes on from the socket's
/// completion, and the messages that come meanwhile ride in the next write.
/// </remarks>
internal sealed class Outbox : IDisposable
{
    /// <summary>Messages in one write. Two segments each; the runtime takes up to eight segments without allocating.</summary>
    private const int MessagesPerWrite = 4;

    /// <summary>Messages in one write when more are waiting: a joiner's GOP goes out in a few writes instead of dozens.</summary>
    private const int MessagesPerBurst = 32;

    /// <summary>
    /// Answers, pings and notices that may wait: the policy for slow players knows only media, and a client that asks on and on and never
    /// reads could fill the memory with what it is answered. A client that plays 128 streams at once is owed less than a thousand.
    /// </summary>
    private const int MaxAnswers = 4096;

    /// <summary>The same in bytes: an answer may repeat what was asked.</summary>
    private const long MaxAnswerBytes = 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly SocketAsyncEventArgs _write = new();
    private readonly Queue<Entry> _waiting = new();
    private readonly List<Entry> _inFlight = new(MessagesPerWrite);
    private readonly List<ArraySegment<byte>> _segments = new(2 * MessagesPerWrite);
    private byte[] _headers = new byte[MessagesPerWrite * OutgoingMessage.MaxHeaderLength];
    private long _backlogBytes;
    private long _bytesSent;
    private int _answers;
    private long _answerBytes;
    private bool _flooded;
    private bool _writing;
    private bool _closed;
    private TaskCompletionSource? _drained;

    public Outbox(Socket socket, TimeProvider time)
    {
        (_socket, _time) = (socket, time);
        _write.Completed += (_, _) => OnWritten();
    }

    /// <summary>Called when the socket has failed under a write, or more answers wait than may (<see cref="SocketError.NoBufferSpaceAvailable"/>). It must not block.</summary>
    public Action<SocketError>? Failed { get; set; }

    /// <summary>Bytes that the kernel has taken.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    /// <summary>What the kernel has not taken yet.</summary>
    public Backlog Backlog
    {
        get
        {
            lock (_gate)
            {
                var oldest = _inFlight.Count > 0 ? _inFlight[0].At : _waiting.TryPeek(out var first) ? first.At : -1;
                return new Backlog(_backlogBytes, oldest < 0 ? TimeSpan.Zero : _time.GetElapsedTime(oldest));
            }
        }
    }

    /// <summary>Queues a message, with a reference of its own. After the close it is dropped.</summary>
    public void Enqueue(OutgoingMessage message, uint streamId)
    {
        lock (_gate)
        {
            if (_closed)
                return;
            Add(message.AddReference(), streamId, isAnswer: false);
        }
    }

    /// <summary>Queues a message that nobody else holds, and takes the caller's reference: an answer, a ping, a notice. Too many of them are a failure.</summary>
    public void EnqueueOwned(OutgoingMessage message, uint streamId = 0)
    {
        bool flooded;
        lock (_gate)
        {
            if (_closed || _flooded)
            {
                message.Release();
                return;
            }
            Add(message, streamId, isAnswer: true);
            _answers++;
            _answerBytes += message.WireLength;
            flooded = _flooded = _answers > MaxAnswers || _answerBytes > MaxAnswerBytes;
        }
        if (flooded)
            Failed?.Invoke(SocketError.NoBufferSpaceAvailable);
    }

    /// <summary>Queues a command.</summary>
    public void Send(CommandMessage command, int chunkSize, uint streamId = 0) => EnqueueOwned(command.ToOutgoing(chunkSize), streamId);

    /// <summary>Starts a write of what is waiting, unless one is under way: that one's end starts the next.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_writing || !TakeBatch())
                return;
        }
        WriteBatches();
    }

    /// <summary>Completes when all that was enqueued has been taken by the kernel, or the outbox was closed.</summary>
    public Task DrainedAsync()
    {
        Flush();
        lock (_gate)
        {
            if (_closed || (!_writing && _waiting.Count == 0))
                return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>Drops what is waiting. The socket must be closed first when a write may be under way.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
            while (_waiting.TryDequeue(out var entry))
                entry.Message.Release();
            if (!_writing)
                _write.Dispose();
            _drained?.TrySetResult();
        }
    }

    private void Add(OutgoingMessage message, uint streamId, bool isAnswer)
    {
        _waiting.Enqueue(new Entry(message, streamId, _time.GetTimestamp(), isAnswer));
        _backlogBytes += message.WireLength;
    }

    /// <summary>Moves messages into the write that is about to start; false when none is waiting. Called under the gate.</summary>
    private bool TakeBatch()
    {
        if (_closed || _waiting.Count == 0)
            return false;
        var count = Math.Min(_waiting.Count, _waiting.Count > MessagesPerWrite ? MessagesPerBurst : MessagesPerWrite);
        if (_headers.Length < count * OutgoingMessage.MaxHeaderLength)
            _headers = new byte[MessagesPerBurst * OutgoingMessage.MaxHeaderLength];
        _segments.Clear();
        for (var i = 0; i < count; i++)
        {
            var entry = _waiting.Dequeue();
            _inFlight.Add(entry);
            var at = i * OutgoingMessage.MaxHeaderLength;
            var length = entry.Message.WriteHeader(_headers.AsSpan(at), entry.StreamId);
            _segments.Add(new ArraySegment<byte>(_headers, at, length));
            if (entry.Message.Body.Count > 0)
                _segments.Add(entry.Message.Body);
        }
        _write.BufferList = _segments;
        _writing = true;
        return true;
    }

    private void WriteBatches()
    {
        do
        {
            try
            {
                if (_socket.SendAsync(_write))
                    return;
            }
            catch (ObjectDisposedException)
            {
                _write.SocketError = SocketError.OperationAborted;
            }
        }
        while (EndBatch());
    }

    private void OnWritten()
    {
        if (EndBatch())
            WriteBatches();
    }

    /// <summary>Gives back what has been written; true when the next batch is ready to be written.</summary>
    private bool EndBatch()
    {
        var error = _write.SocketError;
        bool next;
        lock (_gate)
        {
            foreach (var entry in _inFlight)
            {
                _backlogBytes -= entry.Message.WireLength;
                if (entry.IsAnswer)
                {
                    _answers--;
                    _answerBytes -= entry.Message.WireLength;
                }
                if (error == SocketError.Success)
                    _bytesSent += entry.Message.WireLength;
                entry.Message.Release();
            }
            _inFlight.Clear();
            _writing = false;
            next = error == SocketError.Success && TakeBatch();
            if (_closed)
                _write.Dispose();
            if (!next)
                _drained?.TrySetResult();
        }
        if (error != SocketError.Success)
        {
            var failed = Failed;
            Dispose();
            failed?.Invoke(error);
        }
        return next;
    }

    private readonly record struct Entry(OutgoingMessage Message, uint StreamId, long At, bool IsAnswer);
}
