using System.Net.Sockets;
using System.Runtime.InteropServices;
using RoomGrains.Rtmp.Buffers;

namespace RoomGrains.Gateway.Connections;

/// <summary>The way out of the queue into the kernel: one write at a time, on the thread of whoever found that nobody writes.</summary>
internal sealed partial class Outbox
{
    /// <summary>Whether there is something to write and nobody who writes; then the caller does. Called under the gate.</summary>
    private bool TakeTurn() => !_closed && !_writing && _waiting.Count > 0 && (_writing = true);

    /// <summary>Takes queued messages for the write that is about to start. Called under the gate.</summary>
    private void TakeWaiting()
    {
        var first = _waiting.Peek();
        if (first.Bytes is { } piece && (first.Length >= LeastPiece || _waiting.Count == 1))
        {
            _waiting.Dequeue();
            _waitingBytes -= first.Length;
            Begin(piece, first.At);
            return;
        }
        var bytes = SharedBuffer.Rent((int)Math.Max(first.Length, Math.Min(_waitingBytes, BytesPerWrite)));
        while (_waiting.TryPeek(out var entry) && bytes.Length + entry.Length <= bytes.Capacity)
        {
            _waiting.Dequeue();
            entry.AppendTo(bytes);
            _waitingBytes -= entry.Length;
            if (entry.Share is { } share)
                share.WaitingBytes -= entry.Length;
            if (entry.IsAnswer)
            {
                _answers--;
                _answerBytes -= entry.Length;
            }
            entry.Release();
        }
        Begin(bytes, first.At);
    }

    private void Begin(SharedBuffer bytes, long at) => (_write, _written, _writeAt, _writing) = (bytes, 0, at, true);

    /// <summary>One write; when the kernel does not take it all now, the completion goes on, and when there is more, another turn.</summary>
    private void Write()
    {
        while (WriteOnce())
        {
            if (WritesOn)
                continue;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            return;
        }
    }

    /// <summary>One write; true when there is more, and it is the caller's turn.</summary>
    private bool WriteOnce()
    {
        lock (_gate)
        {
            if (_write is null)
            {
                if (_closed)
                {
                    _completion?.Dispose();
                    return false;
                }
                TakeWaiting();
            }
        }
        var error = SendNow();
        return error != SocketError.IOPending && EndWrite(error);
    }

    void IThreadPoolWorkItem.Execute() => Write();

    /// <summary>Gives the kernel what it takes of the write; <see cref="SocketError.IOPending"/> when it takes the rest later.</summary>
    private SocketError SendNow()
    {
        try
        {
            while (_written < _write!.Length)
            {
                var sent = socket.Send(_write.Span[_written..], SocketFlags.None, out var error);
                if (error == SocketError.WouldBlock)
                    return SendLater();
                if (error != SocketError.Success)
                    return error;
                Advance(sent);
            }
            return SocketError.Success;
        }
        catch (ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
    }

    /// <summary>Most connections never need this: what the runtime wants for it is made when the kernel's buffer is full for the first time.</summary>
    private SocketError SendLater()
    {
        if (_completion is null)
        {
            _completion = new SocketAsyncEventArgs(true);
            _completion.Completed += (_, _) => OnSent();
        }
        _completion.SetBuffer(MemoryMarshal.AsMemory(_write!.Memory[_written..]));
        if (socket.SendAsync(_completion))
            return SocketError.IOPending;
        Advance(_completion.BytesTransferred);
        return _completion.SocketError;
    }

    private void OnSent()
    {
        Advance(_completion!.BytesTransferred);
        var error = _completion.SocketError;
        if (error == SocketError.Success && _written < _write!.Length)
            error = SendNow();
        if (error != SocketError.IOPending && EndWrite(error))
            Write();
    }

    private void Advance(int sent)
    {
        lock (_gate)
        {
            _written += sent;
            _bytesSent += sent;
            if (WritesOn && sent > 0)
                _takenAt = time.GetTimestamp();
        }
    }

    /// <summary>Gives back what has been written; true when there is more to write, and it is the caller's turn.</summary>
    private bool EndWrite(SocketError error)
    {
        bool next;
        lock (_gate)
        {
            _write!.Release();
            (_write, _writing) = (null, false);
            next = error == SocketError.Success && TakeTurn();
            // Most clients need no queue for a long time: what was one player's GOP shall not be kept for each of them. What an answer needs is.
            if (!next && Pacer is null && _waiting.Capacity > FewEntries)
                _waiting.TrimExcess();
            if (_closed)
                _completion?.Dispose();
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
}
