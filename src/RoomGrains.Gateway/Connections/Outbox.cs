using System.Net.Sockets;
using System.Runtime.InteropServices;
using RoomGrains.Media;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Gateway.Connections;

/// <summary>
/// What waits to be sent to one client. Media and control messages stand in one queue, so that their order is the order they were
/// enqueued in; the queue holds references, never copies. One write at a time takes what is waiting. Any thread may enqueue, send and flush.
/// </summary>
/// <remarks>
/// <para>A write happens on the caller's thread as long as the kernel takes the bytes, which it nearly always does: a publisher's thread serves
/// all players of its stream without a thread hop for each. When the kernel's buffer is full the write goes on from the socket's
/// completion, and the messages that come meanwhile ride in the next write. One turn is one write: who has more waiting, such as a joiner the rest
/// of its GOP, goes to the end of the thread pool's queue. In a storm of joiners everybody has a first picture before anybody has a second.</para>
/// <para>A write is one piece of memory. The cheapest is a batch that was put together once for all players (<see cref="TrySend"/>): a player
/// that keeps up has no queue. Only what had to be queued is put together for this client alone; a copy of some kilobytes costs less than the
/// pinning of its parts for a gathered write.</para>
/// </remarks>
internal sealed partial class Outbox(Socket socket, TimeProvider time) : IThreadPoolWorkItem, IDisposable
{
    /// <summary>Bytes of queued messages in one write: a joiner's GOP goes out in a few writes instead of dozens.</summary>
    private const int BytesPerWrite = 64 * 1024;

    /// <summary>A ready piece of this many bytes is written as it is; a copy into a larger write saves more than it costs below.</summary>
    private const int LeastPiece = 16 * 1024;

    /// <summary>Room in the queue that is kept when it is empty: as much as it begins with.</summary>
    private const int FewEntries = 4;

    /// <summary>
    /// Answers, pings and notices that may wait: the policy for slow players knows only media, and a client that asks on and on and never
    /// reads could fill the memory with what it is answered. A client that plays 128 streams at once is owed less than a thousand.
    /// </summary>
    private const int MaxAnswers = 4096;

    /// <summary>The same in bytes: an answer may repeat what was asked.</summary>
    private const long MaxAnswerBytes = 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<Entry> _waiting = new();
    private SocketAsyncEventArgs? _completion;
    private SharedBuffer? _write;
    private int _written;
    private long _writeAt;
    private long _takenAt;
    private long _waitingBytes;
    private long _bytesSent;
    private int _answers;
    private long _answerBytes;
    private bool _flooded;
    private bool _writing;
    private bool _awaitsRound;
    private bool _closed;
    private TaskCompletionSource? _drained;

    /// <summary>Called when the socket has failed under a write, or more answers wait than may (<see cref="SocketError.NoBufferSpaceAvailable"/>). It must not block.</summary>
    public Action<SocketError>? Failed { get; set; }

    /// <summary>Writes for this client together with what comes for it from other streams; null: each stream writes by itself.</summary>
    public WritePacer? Pacer { get; set; }

    /// <summary>
    /// Whether a turn goes on until the kernel takes no more, instead of being one write: for another node, which waits for the frames of hundreds of
    /// streams. Behind a busy pool's queue one write a turn would be some 10 Mbit/s.
    /// </summary>
    public bool WritesOn { get; set; }

    /// <summary>Bytes that the kernel has taken.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    /// <summary>What the kernel has not taken yet.</summary>
    public Backlog Backlog
    {
        get
        {
            lock (_gate)
                return Measure();
        }
    }

    /// <summary>
    /// The same for one of many NetStreams: its own bytes, the age of the oldest of all, behind which they wait, and for how long none of them has been
    /// taken.
    /// </summary>
    public Backlog BacklogOf(StreamShare share)
    {
        lock (_gate)
        {
            var (_, age) = Measure();
            if (age == TimeSpan.Zero)
                return new Backlog(share.WaitingBytes, TimeSpan.Zero);
            var untouched = time.GetElapsedTime(_takenAt);
            return new Backlog(share.WaitingBytes, age) { Standstill = untouched < age ? untouched : age };
        }
    }

    /// <summary>Sends messages at once if nothing waits before them and they come as one piece; false otherwise, and then nothing has happened.</summary>
    public bool TrySend(MessageBatch batch, uint streamId)
    {
        if (Pacer is not null)
            return false;
        lock (_gate)
        {
            if (_closed)
                return true;
            if (_writing || _waiting.Count > 0 || !batch.TryGetWire(streamId, out var bytes))
                return false;
            Begin(bytes.AddReference(), time.GetTimestamp());
        }
        Write();
        return true;
    }

    /// <summary>Queues a message, with a reference of its own. After the close it is dropped.</summary>
    public void Enqueue(OutgoingMessage message, uint streamId, StreamShare? share = null)
    {
        lock (_gate)
        {
            if (_closed)
                return;
            Add(new Entry(message.AddReference(), null, streamId, Now(), IsAnswer: false, share));
        }
    }

    /// <summary>Queues messages, where it can be as one piece, with references of its own to their bytes.</summary>
    public void Enqueue(MessageBatch batch, uint streamId)
    {
        lock (_gate)
        {
            if (_closed)
                return;
            var now = Now();
            if (batch.TryGetWire(streamId, out var bytes))
            {
                Add(new Entry(default, bytes.AddReference(), streamId, now, IsAnswer: false));
                return;
            }
            foreach (var message in batch.Messages)
                Add(new Entry(message.AddReference(), null, streamId, now, IsAnswer: false));
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
            Add(new Entry(message, null, streamId, Now(), IsAnswer: true));
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
            if (!TakeTurn())
                return;
        }
        Write();
    }

    /// <summary>Starts a write of answers. Where only media waits for the pacer's round, it goes on waiting: a client that publishes is read often.</summary>
    public void FlushAnswers()
    {
        lock (_gate)
        {
            if ((Pacer is not null && _answers == 0) || !TakeTurn())
                return;
        }
        Write();
    }

    /// <summary>Starts a write of what a stream has queued: now, or with what other streams have for this client.</summary>
    public void FlushMedia()
    {
        if (Pacer is not { } pacer)
            Flush();
        else if (!Interlocked.Exchange(ref _awaitsRound, true))
            pacer.Add(this);
    }

    /// <summary>The pacer's round.</summary>
    public void FlushPaced()
    {
        Volatile.Write(ref _awaitsRound, false);
        Flush();
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
                entry.Release();
            _waitingBytes = 0;
            if (!_writing)
                _completion?.Dispose();
            _drained?.TrySetResult();
        }
    }

    private Backlog Measure()
    {
        // What nobody writes yet waits for its round, and not for the client. It is asked for each frame: no look at the clock for that.
        if (!_writing)
            return new Backlog(_waitingBytes, TimeSpan.Zero);
        var bytes = _waitingBytes + (_write is null ? 0 : _write.Length - _written);
        return bytes == 0 ? default : new Backlog(bytes, time.GetElapsedTime(_write is null ? _waiting.Peek().At : _writeAt));
    }

    /// <summary>When a message is queued: for those that wait for the same round, when the first of them was.</summary>
    private long Now() => !_writing && _waiting.TryPeek(out var first) ? first.At : time.GetTimestamp();

    private void Add(in Entry entry)
    {
        _waiting.Enqueue(entry);
        _waitingBytes += entry.Length;
        if (entry.Share is { } share)
            share.WaitingBytes += entry.Length;
    }

    /// <summary>A message of which this client gets its own header, or a piece that is ready.</summary>
    private readonly record struct Entry(OutgoingMessage Message, SharedBuffer? Bytes, uint StreamId, long At, bool IsAnswer, StreamShare? Share = null)
    {
        public int Length => Bytes?.Length ?? Message.WireLength;

        public void AppendTo(SharedBuffer buffer)
        {
            if (Bytes is not null)
                buffer.Append(Bytes.Span, buffer.Capacity);
            else
                Message.AppendTo(buffer, StreamId);
        }

        public void Release()
        {
            if (Bytes is not null)
                Bytes.Release();
            else
                Message.Release();
        }
    }
}
