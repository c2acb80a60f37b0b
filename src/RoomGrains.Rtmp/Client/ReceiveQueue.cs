using System.Threading.Channels;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Client;

/// <summary>
/// Messages of one stream between the client's read loop and whoever reads the stream. Bounded by count and by bytes: the read loop
/// waits when it is full, and with it, by TCP, the server.
/// </summary>
internal sealed class ReceiveQueue(int maxMessages, int maxBytes)
{
    private readonly Channel<RtmpMessage> _messages = Channel.CreateUnbounded<RtmpMessage>();
    private readonly Lock _lock = new();
    private int _count;
    private long _bytes;
    private bool _completed;
    private TaskCompletionSource? _room;

    /// <summary>Adds a message, of which the queue then owns the reference; what comes after the end is given back.</summary>
    /// <returns>Done when there is room for the next one.</returns>
    public ValueTask AddAsync(RtmpMessage message)
    {
        lock (_lock)
        {
            if (_completed)
            {
                message.Release();
                return ValueTask.CompletedTask;
            }
            _messages.Writer.TryWrite(message);
            _count++;
            _bytes += message.Payload.Length;
            if (_count < maxMessages && _bytes < maxBytes)
                return ValueTask.CompletedTask;
            _room ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return new(_room.Task);
        }
    }

    /// <summary>The next message, of which the caller then owns the reference; null at the end.</summary>
    public async ValueTask<RtmpMessage?> ReadAsync(CancellationToken cancellationToken)
    {
        RtmpMessage message;
        while (!_messages.Reader.TryRead(out message))
        {
            if (!await _messages.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
                return null;
        }
        lock (_lock)
        {
            _count--;
            _bytes -= message.Payload.Length;
            if (_room is not null && _count < maxMessages && _bytes < maxBytes)
            {
                _room.SetResult();
                _room = null;
            }
        }
        return message;
    }

    /// <summary>No more messages come. Those that are there can still be read.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _completed = true;
            _messages.Writer.TryComplete();
            _room?.SetResult();
            _room = null;
        }
    }

    /// <summary>As <see cref="Complete"/>, and nobody reads those that are there.</summary>
    public void Abandon()
    {
        Complete();
        while (_messages.Reader.TryRead(out var message))
            message.Release();
    }
}
