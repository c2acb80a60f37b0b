using System.Runtime.CompilerServices;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Client;

/// <summary>A NetStream of an <see cref="RtmpClient"/>: publishes or plays one stream at a time.</summary>
/// <remarks>
/// What the server sends on the stream waits in a bounded queue until it is read. A player that doesn't read makes the client stop
/// reading from the server altogether, its other streams included; a publisher gets a few status messages and need not read them.
/// A stream that was made with a receiver has no queue.
/// </remarks>
public sealed class RtmpClientStream
{
    // The chunk stream of FFmpeg's and librtmp's stream commands, and FFmpeg's for audio with data, and for video.
    private const int CommandChunkStreamId = 8, AudioChunkStreamId = 4, VideoChunkStreamId = 6;

    private readonly RtmpClient _client;
    private readonly ReceiveQueue? _received;
    private readonly Action<RtmpMessage>? _receive;
    private StatusWait? _wait;

    internal RtmpClientStream(RtmpClient client, uint id, ReceiveQueue received) => (_client, Id, _received) = (client, id, received);

    internal RtmpClientStream(RtmpClient client, uint id, Action<RtmpMessage> receive) => (_client, Id, _receive) = (client, id, receive);

    /// <summary>The message stream id that the server gave it.</summary>
    public uint Id { get; }

    /// <summary>Starts to publish; done when the server says that it wants media.</summary>
    /// <param name="name">The stream's name, with a query if any.</param>
    /// <param name="type"><c>live</c>, <c>record</c> or <c>append</c>.</param>
    /// <param name="cancellationToken">Gives up waiting; the server may still say yes.</param>
    /// <exception cref="RtmpRejectedException">The server refused.</exception>
    /// <exception cref="RtmpClientEndedException">The connection ended.</exception>
    public Task PublishAsync(string name, string type = "live", CancellationToken cancellationToken = default) =>
        StartAsync(CommandNames.Publish, [name, type], static code => code == StatusCodes.Publish.Start, cancellationToken);

    /// <summary>Starts to play; done when the server says that it plays. Whether media follows depends on the publisher.</summary>
    /// <param name="name">The stream's name, with a query if any.</param>
    /// <param name="start">-2 live or recorded, -1 live only, from 0 on the position in a recording.</param>
    /// <param name="cancellationToken">Gives up waiting; the server may still say yes.</param>
    /// <exception cref="RtmpRejectedException">The server refused.</exception>
    /// <exception cref="RtmpClientEndedException">The connection ended.</exception>
    public Task PlayAsync(string name, double start = -2, CancellationToken cancellationToken = default) =>
        StartAsync(CommandNames.Play, [name, start], static code => code is StatusCodes.Play.Start or StatusCodes.Play.PublishNotify, cancellationToken);

    /// <summary>Sends a message: media or data.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="payload">Its bytes; not used after the task is done.</param>
    /// <param name="cancellationToken">Gives up waiting for room in the transport; the message is sent all the same.</param>
    /// <exception cref="RtmpClientEndedException">The connection ended.</exception>
    public ValueTask SendAsync(MessageType type, uint timestamp, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        _client.SendAsync(type, timestamp, Id, payload, type == MessageType.Video ? VideoChunkStreamId : AudioChunkStreamId, cancellationToken);

    /// <summary>Sends a command on this stream that has no answer, or whose answer comes as a status: <c>pause</c>, <c>receiveAudio</c>, <c>closeStream</c>.</summary>
    /// <exception cref="RtmpClientEndedException">The connection ended.</exception>
    public ValueTask SendCommandAsync(string name, AmfValue[] arguments, CancellationToken cancellationToken = default) =>
        _client.SendCommandAsync(new CommandMessage(name, 0, AmfValue.Null, arguments), Id, CommandChunkStreamId, cancellationToken);

    /// <summary>
    /// The next message that the server sent on this stream: media, data, and commands such as <c>onStatus</c>. The caller owns the
    /// reference to its payload. Null when the stream was closed or the connection has ended (see <see cref="RtmpClient.Completion"/>).
    /// For one reader at a time.
    /// </summary>
    /// <exception cref="InvalidOperationException">The stream was made with a receiver.</exception>
    public ValueTask<RtmpMessage?> ReadAsync(CancellationToken cancellationToken = default) =>
        _received?.ReadAsync(cancellationToken) ?? throw new InvalidOperationException("The stream has a receiver, which gets its messages.");

    /// <summary>As <see cref="ReadAsync"/>, all of them up to the end.</summary>
    public async IAsyncEnumerable<RtmpMessage> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await ReadAsync(cancellationToken).ConfigureAwait(false) is { } message)
            yield return message;
    }

    /// <summary>Deletes the stream, on the server too. What was received and not read is dropped.</summary>
    public async ValueTask CloseAsync(CancellationToken cancellationToken = default)
    {
        if (!_client.Remove(this))
            return;
        Abandon();
        try
        {
            var delete = new CommandMessage(CommandNames.DeleteStream, 0, AmfValue.Null, (double)Id);
            await _client.SendCommandAsync(delete, 0, RtmpClient.CommandChunkStreamId, cancellationToken).ConfigureAwait(false);
        }
        catch (RtmpClientEndedException)
        {
            // Then it is deleted.
        }
    }

    /// <summary>From the read loop: a message on this stream. Waits while the queue is full.</summary>
    internal ValueTask ReceiveAsync(RtmpMessage message)
    {
        if (_received is null)
        {
            Receive(message);
            return ValueTask.CompletedTask;
        }
        if (Volatile.Read(ref _wait) is { } wait && CommandMessage.IsCommand(message.Type))
        {
            try
            {
                Observe(CommandMessage.Parse(message), wait);
            }
            catch (RtmpProtocolException)
            {
                message.Release();
                throw;
            }
        }
        return _received.AddAsync(message);
    }

    private void Receive(RtmpMessage message)
    {
        try
        {
            // The receiver first: who waits for the answer finds done what the receiver does about it.
            _receive!(message);
            if (Volatile.Read(ref _wait) is { } wait && CommandMessage.IsCommand(message.Type))
                Observe(CommandMessage.Parse(message), wait);
        }
        finally
        {
            message.Release();
        }
    }

    /// <summary>An error that may be meant for this stream: SRS sends its redirect on the connection while a stream waits.</summary>
    internal void Observe(CommandMessage command)
    {
        if (Volatile.Read(ref _wait) is { } wait)
            Observe(command, wait);
    }

    /// <summary>The connection has ended: what has been received can be read, then comes the end.</summary>
    internal void Complete() => _received?.Complete();

    internal void Abandon() => _received?.Abandon();

    private void Observe(CommandMessage command, StatusWait wait)
    {
        switch (command.Name)
        {
            case Replies.Result or Replies.Error:
                _client.Answer(command);
                break;
            case Replies.OnStatus when command[0]["level"].AsString() == StatusLevel.Error:
                wait.Done.TrySetException(new RtmpRejectedException(wait.Command, command));
                break;
            case Replies.OnStatus when command[0]["code"].AsString() is { } code && wait.IsSuccess(code):
                wait.Done.TrySetResult(command);
                break;
        }
    }

    private async Task StartAsync(string name, AmfValue[] arguments, Func<string, bool> isSuccess, CancellationToken cancellationToken)
    {
        var wait = new StatusWait(name, isSuccess, new(TaskCreationOptions.RunContinuationsAsynchronously));
        if (Interlocked.CompareExchange(ref _wait, wait, null) is not null)
            throw new InvalidOperationException("The stream is already waiting for an answer to publish or play.");
        // A server may also answer the transaction itself: with an error, which counts, or with a result, which says nothing yet.
        var transaction = _client.Expect(name, wait.Done, errorsOnly: true);
        try
        {
            var command = new CommandMessage(name, transaction, AmfValue.Null, arguments);
            await _client.SendCommandAsync(command, Id, CommandChunkStreamId, cancellationToken).ConfigureAwait(false);
            await wait.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _wait, null);
            _client.Forget(transaction);
        }
    }

    private sealed record StatusWait(string Command, Func<string, bool> IsSuccess, TaskCompletionSource<CommandMessage> Done);
}
