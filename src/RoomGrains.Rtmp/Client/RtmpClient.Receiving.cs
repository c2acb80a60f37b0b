using System.Buffers;
using System.Buffers.Binary;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Client;

public sealed partial class RtmpClient
{
    private long _received;
    private long _acknowledged;
    private long _ackWindow;
    private uint _announcedWindow;

    // What is to be sent by the way; the read loop never waits for the sender. With a flag in the high half: a ping may carry 0.
    private long _pong;
    private long _window;
    private long _ack;
    private int _controlScheduled;

    private async Task ReadLoopAsync()
    {
        var input = _transport.Input;
        try
        {
            while (Volatile.Read(ref _end) is null)
            {
                var result = await input.ReadAsync().ConfigureAwait(false);
                var left = result.Buffer;
                try
                {
                    while (Volatile.Read(ref _end) is null && TryRead(ref left, out var message))
                        await ReceiveAsync(message).ConfigureAwait(false);
                }
                finally
                {
                    input.AdvanceTo(left.Start, left.End);
                }
                _options.AfterRead?.Invoke();
                if (result.IsCompleted)
                    End(new(RtmpClientEndReason.ClosedByServer));
            }
        }
        catch (RtmpProtocolException exception)
        {
            End(new(RtmpClientEndReason.ProtocolError, exception));
        }
        catch (Exception exception)
        {
            End(new(RtmpClientEndReason.TransportFailed, exception));
        }
        await FinishAsync().ConfigureAwait(false);
    }

    private bool TryRead(ref ReadOnlySequence<byte> input, out RtmpMessage message)
    {
        var before = input.Length;
        var whole = _reader.TryRead(ref input, out message);
        _received += before - input.Length;
        // As FFmpeg does it, twice in a window, so that the server never comes near to waiting.
        if (_ackWindow > 0 && _received - _acknowledged >= _ackWindow / 2)
        {
            _acknowledged = _received;
            SendControl(ref _ack, unchecked((uint)_received));
        }
        return whole;
    }

    private ValueTask ReceiveAsync(RtmpMessage message)
    {
        switch (message.Type)
        {
            case MessageType.Acknowledgement or MessageType.UserControl or MessageType.WindowAckSize or MessageType.SetPeerBandwidth:
                Obey(message.Type, message.Payload.Span);
                message.Release();
                return ValueTask.CompletedTask;
            case MessageType.Aggregate:
                return ReceiveAggregateAsync(message);
        }
        if (message.StreamId == 0)
        {
            try
            {
                if (CommandMessage.IsCommand(message.Type))
                    Receive(CommandMessage.Parse(message));
            }
            finally
            {
                message.Release();
            }
            return ValueTask.CompletedTask;
        }
        RtmpClientStream? stream;
        lock (_lock)
            _streams.TryGetValue(message.StreamId, out stream);
        if (stream is not null)
            return stream.ReceiveAsync(message);
        message.Release();
        return ValueTask.CompletedTask;
    }

    private async ValueTask ReceiveAggregateAsync(RtmpMessage aggregate)
    {
        try
        {
            var parts = new AggregateReader(aggregate);
            while (parts.TryRead(out var part))
                await ReceiveAsync(part).ConfigureAwait(false);
        }
        finally
        {
            aggregate.Release();
        }
    }

    private void Obey(MessageType type, ReadOnlySpan<byte> payload)
    {
        if (type == MessageType.UserControl)
        {
            if (UserControlEvent.TryParse(payload, out var control) && control.Type == UserControlEventType.PingRequest)
                SendControl(ref _pong, control.Value);
            return;
        }
        if (!ControlMessages.TryReadValue(payload, out var value))
            return;
        if (type == MessageType.WindowAckSize)
        {
            _ackWindow = value;
        }
        else if (type == MessageType.SetPeerBandwidth && value != _announcedWindow)
        {
            _announcedWindow = value;
            SendControl(ref _window, value);
        }
    }

    private void Receive(CommandMessage command)
    {
        switch (command.Name)
        {
            case Replies.Result or Replies.Error:
                Answer(command);
                return;
            case CommandNames.Close:
                End(new(RtmpClientEndReason.ClosedByServer));
                break;
            case Replies.OnStatus when command[0]["level"].AsString() == StatusLevel.Error:
                // SRS redirects so, while a stream waits for its start.
                foreach (var stream in Streams())
                    stream.Observe(command);
                break;
        }
        _notifications.Writer.TryWrite(command);
    }

    /// <summary>An answer goes to the call that waits for its transaction; servers send those to stream commands on the stream.</summary>
    internal void Answer(CommandMessage answer)
    {
        PendingCall? call;
        lock (_lock)
            _calls.TryGetValue(answer.TransactionId, out call);
        if (answer.Name == Replies.Error)
            call?.Answer.TrySetException(new RtmpRejectedException(call.Command, answer));
        else if (call is { ErrorsOnly: false })
            call.Answer.TrySetResult(answer);
    }

    // The newest value of each kind counts, and one task at most waits to send them: a server can't make them pile up.
    private void SendControl(ref long slot, uint value)
    {
        Volatile.Write(ref slot, (1L << 32) | value);
        if (Interlocked.Exchange(ref _controlScheduled, 1) == 0)
            _ = SendControlAsync();
    }

    private async Task SendControlAsync()
    {
        await _sending.WaitAsync().ConfigureAwait(false);
        try
        {
            Volatile.Write(ref _controlScheduled, 0);
            ThrowIfEnded();
            WriteControl();
            await FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (RtmpClientEndedException)
        {
            // Nobody wants it any more.
        }
        finally
        {
            _sending.Release();
        }
    }

    private void WriteControl()
    {
        var payload = new byte[6];
        var number = payload.AsSpan(2);
        if (TryTake(ref _pong, number))
        {
            payload[1] = (byte)UserControlEventType.PingResponse;
            Write(MessageType.UserControl, payload);
        }
        if (TryTake(ref _window, number))
            Write(MessageType.WindowAckSize, number);
        if (TryTake(ref _ack, number))
            Write(MessageType.Acknowledgement, number);

        static bool TryTake(ref long slot, Span<byte> number)
        {
            var value = Interlocked.Exchange(ref slot, 0);
            BinaryPrimitives.WriteUInt32BigEndian(number, unchecked((uint)value));
            return value != 0;
        }

        void Write(MessageType type, ReadOnlySpan<byte> bytes) => _writer.Write(_transport.Output, type, 0, 0, bytes, ControlMessages.ChunkStreamId);
    }

    // The first reason counts.
    private void End(RtmpClientEnd end)
    {
        if (Interlocked.CompareExchange(ref _end, end, null) is not null)
            return;
        PendingCall[] calls;
        lock (_lock)
            calls = [.. _calls.Values];
        foreach (var call in calls)
            call.Answer.TrySetException(new RtmpClientEndedException(end));
        foreach (var stream in Streams())
            stream.Complete();
        try
        {
            _transport.Input.CancelPendingRead();
            _transport.Output.CancelPendingFlush();
        }
        catch (ObjectDisposedException)
        {
            // The read loop came to an end of its own in this moment and has given up the transport: nobody waits there.
        }
    }

    private async Task FinishAsync()
    {
        // Whoever holds it is being cancelled, and whoever comes next sees the end.
        await _sending.WaitAsync().ConfigureAwait(false);
        await GiveUpAsync(_transport.Output.CompleteAsync()).ConfigureAwait(false);
        _sending.Release();
        await GiveUpAsync(_transport.Input.CompleteAsync()).ConfigureAwait(false);
        _reader.Dispose();
        _notifications.Writer.TryComplete();
        _completion.SetResult(_end!);
    }

    // A writer over a stream tries once more to send what it could not, and throws: the connection has ended all the same.
    private static async ValueTask GiveUpAsync(ValueTask completing)
    {
        try
        {
            await completing.ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
        {
        }
    }
}
