using RoomGrains.Media;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Relay;

/// <summary>
/// Takes what comes of one play of a stream, on the read loop of its connection, and gives it to the local hub: from the answer to play until the origin
/// says that it is over, or <see cref="Stop"/>.
/// </summary>
/// <param name="publish">Begins the local publication; null when it is stale.</param>
/// <param name="isCrowded">Whether so many play the stream here that other streams of the connection should not wait while they are written to.</param>
internal sealed class RelayReceiver(Func<Publication?> publish, Func<bool> isCrowded) : IThreadPoolWorkItem
{
    /// <summary>What of one stream may wait for its own thread. More than the origin lets wait, so that it is the one that leaves frames out.</summary>
    private const long MostWaiting = 16 * 1024 * 1024;

    /// <summary>Held while something is given to the hub.</summary>
    private readonly Lock _gate = new();

    /// <summary>Of a crowd's stream, what its own thread has not taken yet. Its own lock.</summary>
    private readonly Queue<RtmpMessage> _waiting = new();
    private readonly TaskCompletionSource<PublicationEnd> _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _waitingBytes;
    private bool _draining;
    private volatile bool _stopped;

    /// <summary>The read loop's.</summary>
    private bool _unflushed;

    /// <summary>The local publication, as soon as play is answered; null when it is stale.</summary>
    public Publication? Publication { get; private set; }

    /// <summary>Done when the origin has said that the stream is over, or that it is not to be had from it any more.</summary>
    public Task<PublicationEnd> Over => _over.Task;

    /// <summary>Takes a message.</summary>
    /// <returns>Whether <see cref="Flush"/> is to be called at the end of the read.</returns>
    public bool Receive(RtmpMessage message)
    {
        if (!TryQueue(message))
            Handle(message);
        return !_stopped && !_unflushed && (_unflushed = true);
    }

    /// <summary>Gives the players what came.</summary>
    public void Flush()
    {
        _unflushed = false;
        lock (_waiting)
        {
            if (_waiting.Count > 0)
            {
                if (!_draining)
                    ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                _draining = true;
                return;
            }
        }
        FlushPublication();
    }

    void IThreadPoolWorkItem.Execute()
    {
        while (TakeWaiting() is { Length: > 0 } messages)
        {
            foreach (var message in messages)
            {
                Handle(message);
                message.Release();
            }
            FlushPublication();
        }
    }

    /// <summary>When this returns, nothing more is given to the hub.</summary>
    public void Stop()
    {
        lock (_gate)
            _stopped = true;
        lock (_waiting)
            Forget();
    }

    /// <summary>Whether the message waits for the stream's own thread: where a crowd plays it, and until that thread has caught up.</summary>
    private bool TryQueue(RtmpMessage message)
    {
        lock (_waiting)
        {
            // The answer to play is awaited: it stands at the beginning, and behind nothing.
            if (!_draining && _waiting.Count == 0 && (!isCrowded() || CommandMessage.IsCommand(message.Type)))
                return false;
            if (_stopped)
                return true;
            if (_waitingBytes + message.Payload.Length > MostWaiting)
            {
                _stopped = true;
                Forget();
                _over.TrySetResult(PublicationEnd.Lost);
                return true;
            }
            message.Payload.AddReference();
            _waiting.Enqueue(message);
            _waitingBytes += message.Payload.Length;
            return true;
        }
    }

    private RtmpMessage[] TakeWaiting()
    {
        lock (_waiting)
        {
            var messages = _waiting.ToArray();
            _waiting.Clear();
            (_waitingBytes, _draining) = (0, messages.Length > 0);
            return messages;
        }
    }

    private void Forget()
    {
        while (_waiting.TryDequeue(out var message))
            message.Release();
        _waitingBytes = 0;
    }

    private void Handle(in RtmpMessage message)
    {
        // After Stop nothing may come: another connection goes on with the same publication.
        lock (_gate)
        {
            if (_stopped)
                return;
            try
            {
                if (CommandMessage.IsCommand(message.Type))
                    Obey(CommandMessage.Parse(message)[0]);
                else
                    Publication?.Send(message);
            }
            catch (Exception e)
            {
                Fail(e);
            }
        }
    }

    private void FlushPublication()
    {
        lock (_gate)
        {
            if (_stopped)
                return;
            try
            {
                Publication?.Flush();
            }
            catch (Exception e)
            {
                Fail(e);
            }
        }
    }

    /// <summary>Whatever is wrong with one stream is not to end the others.</summary>
    private void Fail(Exception e)
    {
        _stopped = true;
        _over.TrySetException(e);
    }

    private void Obey(AmfValue status)
    {
        if (status["code"].AsString() == StatusCodes.Play.Start)
            Publication ??= publish();
        else if (status["code"].AsString() == StatusCodes.Play.UnpublishNotify)
            _over.TrySetResult(PublicationEnd.Clean);
        else if (status["level"].AsString() == StatusLevel.Error)
            _over.TrySetResult(PublicationEnd.Lost);
    }
}
