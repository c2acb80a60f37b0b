using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Channels;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Handshakes;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Client;

/// <summary>
/// The client's side of a connection: handshake, <c>connect</c>, calls and streams, over any transport. It answers pings, acknowledges
/// what it receives and follows the server's chunk size by itself. One read loop, no timer: deadlines are the caller's, by cancellation.
/// Its methods may be called from several threads.
/// </summary>
public sealed partial class RtmpClient : IAsyncDisposable
{
    internal const int CommandChunkStreamId = 3;

    // A server that talks about itself while nobody listens must not make us hold it all; the newest is worth the most.
    private const int MaxNotifications = 64;

    private readonly IDuplexPipe _transport;
    private readonly RtmpClientOptions _options;
    private readonly ChunkReader _reader;
    private readonly ChunkWriter _writer = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Dictionary<double, PendingCall> _calls = [];
    private readonly Dictionary<uint, RtmpClientStream> _streams = [];
    private readonly Channel<CommandMessage> _notifications =
        Channel.CreateBounded<CommandMessage>(new BoundedChannelOptions(MaxNotifications) { FullMode = BoundedChannelFullMode.DropOldest, SingleWriter = true });
    private readonly TaskCompletionSource<RtmpClientEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RtmpClientEnd? _end;
    private double _transaction;

    private RtmpClient(IDuplexPipe transport, RtmpClientOptions options)
    {
        _transport = transport;
        _options = options;
        _reader = new ChunkReader(options.Limits);
    }

    /// <summary>What the server answered to <c>connect</c>: its properties, and the information object as argument 0.</summary>
    public CommandMessage ConnectResult { get; private set; } = null!;

    /// <summary>
    /// What the server says on the connection itself and nobody waits for: <c>onStatus</c> (such as a reconnect request), <c>onBWDone</c>,
    /// calls of its own. Need not be read: of those that nobody reads the newest 64 are kept. Ends with the connection.
    /// </summary>
    public ChannelReader<CommandMessage> Notifications => _notifications.Reader;

    /// <summary>Done, without an exception, when the connection has ended and the transport is given up.</summary>
    public Task<RtmpClientEnd> Completion => _completion.Task;

    /// <summary>Does the handshake and <c>connect</c>; done when the server has said yes, which may take as long as a person's approval.</summary>
    /// <param name="transport">The bytes. The client owns it from here on, and completes both directions at the end.</param>
    /// <param name="options">What to say.</param>
    /// <param name="cancellationToken">Gives up, and ends the connection.</param>
    /// <exception cref="RtmpRejectedException">The server said no, or elsewhere.</exception>
    /// <exception cref="RtmpProtocolException">What came in the handshake wasn't RTMP.</exception>
    /// <exception cref="RtmpClientEndedException">The connection ended before an answer.</exception>
    public static async Task<RtmpClient> ConnectAsync(IDuplexPipe transport, RtmpClientOptions options, CancellationToken cancellationToken = default)
    {
        var client = new RtmpClient(transport, options);
        try
        {
            await client.ShakeHandsAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await GiveUpAsync(transport.Output.CompleteAsync()).ConfigureAwait(false);
            await GiveUpAsync(transport.Input.CompleteAsync()).ConfigureAwait(false);
            if (exception is IOException and not RtmpClientEndedException)
                throw new RtmpClientEndedException(new(RtmpClientEndReason.TransportFailed, exception));
            throw;
        }
        var loop = client.ReadLoopAsync();
        try
        {
            client.ConnectResult = await client.ConnectAsync(cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            await loop.ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Makes a stream.</summary>
    /// <exception cref="RtmpRejectedException">The server refused.</exception>
    /// <exception cref="RtmpClientEndedException">The connection ended.</exception>
    public Task<RtmpClientStream> CreateStreamAsync(CancellationToken cancellationToken = default) =>
        CreateStreamAsync(id => new RtmpClientStream(this, id, new ReceiveQueue(_options.MaxQueuedMessages, _options.MaxQueuedBytes)), cancellationToken);

    /// <summary>
    /// Makes a stream whose messages are not queued: the client's read loop gives each to <paramref name="receive"/>, which a connection of many
    /// streams is faster with. It must not wait, and adds a reference to the payload if it keeps it. An exception of it ends the connection.
    /// </summary>
    /// <exception cref="RtmpRejectedException">The server refused.</exception>
    /// <exception cref="RtmpClientEndedException">The connection ended.</exception>
    public Task<RtmpClientStream> CreateStreamAsync(Action<RtmpMessage> receive, CancellationToken cancellationToken = default) =>
        CreateStreamAsync(id => new RtmpClientStream(this, id, receive), cancellationToken);

    private async Task<RtmpClientStream> CreateStreamAsync(Func<uint, RtmpClientStream> create, CancellationToken cancellationToken)
    {
        var answer = await CallAsync(CommandNames.CreateStream, [], cancellationToken).ConfigureAwait(false);
        if (answer[0].AsInteger(0, uint.MaxValue) is not (> 0 and var id))
            throw new RtmpRejectedException(CommandNames.CreateStream, answer);
        var stream = create((uint)id);
        lock (_lock)
        {
            ThrowIfEnded();
            _streams[stream.Id] = stream;
        }
        return stream;
    }

    /// <summary>Calls a method of the server.</summary>
    /// <param name="name">The method.</param>
    /// <param name="arguments">The values after the command object, which is null.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The server's <c>_result</c>.</returns>
    /// <exception cref="RtmpRejectedException">The server answered <c>_error</c>.</exception>
    /// <exception cref="RtmpClientEndedException">The connection ended.</exception>
    public Task<CommandMessage> CallAsync(string name, AmfValue[] arguments, CancellationToken cancellationToken = default) =>
        CallAsync(name, AmfValue.Null, arguments, cancellationToken);

    /// <summary>Sends a command on the connection, as it is; an answer to its transaction is not waited for.</summary>
    /// <exception cref="RtmpClientEndedException">The connection ended.</exception>
    public ValueTask SendCommandAsync(CommandMessage command, CancellationToken cancellationToken = default) =>
        SendCommandAsync(command, 0, CommandChunkStreamId, cancellationToken);

    /// <summary>Ends the connection; what was sent before is still delivered where the transport does so.</summary>
    public async ValueTask DisposeAsync()
    {
        End(new(RtmpClientEndReason.Disposed));
        foreach (var stream in Streams())
            stream.Abandon();
        await Completion.ConfigureAwait(false);
    }

    internal async ValueTask SendCommandAsync(CommandMessage command, uint streamId, int chunkStreamId, CancellationToken cancellationToken)
    {
        var payload = command.EncodePayload();
        try
        {
            await SendAsync(MessageType.CommandAmf0, 0, streamId, payload.Memory, chunkStreamId, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            payload.Release();
        }
    }

    internal async ValueTask SendAsync(MessageType type, uint timestamp, uint streamId, ReadOnlyMemory<byte> payload, int chunkStreamId, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ThrowIfEnded();
            _writer.Write(_transport.Output, type, timestamp, streamId, payload.Span, chunkStreamId);
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>A transaction whose answer goes to <paramref name="answer"/>; with <paramref name="errorsOnly"/>, only a negative one.</summary>
    internal double Expect(string command, TaskCompletionSource<CommandMessage> answer, bool errorsOnly = false)
    {
        lock (_lock)
        {
            ThrowIfEnded();
            _calls.Add(++_transaction, new(command, answer, errorsOnly));
            return _transaction;
        }
    }

    internal void Forget(double transaction)
    {
        lock (_lock)
            _calls.Remove(transaction);
    }

    internal bool Remove(RtmpClientStream stream)
    {
        lock (_lock)
            return _streams.Remove(stream.Id);
    }

    private async Task<CommandMessage> CallAsync(string name, AmfValue commandObject, AmfValue[] arguments, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<CommandMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        var transaction = Expect(name, answer);
        try
        {
            await SendCommandAsync(new CommandMessage(name, transaction, commandObject, arguments), cancellationToken).ConfigureAwait(false);
            return await answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Forget(transaction);
        }
    }

    private async Task ShakeHandsAsync(CancellationToken cancellationToken)
    {
        var handshake = new ClientHandshake(_options.Handshake);
        var nothing = ReadOnlySequence<byte>.Empty;
        handshake.TryAdvance(ref nothing, _transport.Output);
        for (var done = false; !done;)
        {
            await _transport.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
            var result = await _transport.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
            var input = result.Buffer;
            done = handshake.TryAdvance(ref input, _transport.Output);
            _transport.Input.AdvanceTo(input.Start, done ? input.Start : input.End);
            if (!done && result.IsCompleted)
                throw new RtmpClientEndedException(new(RtmpClientEndReason.ClosedByServer));
        }
    }

    private async Task<CommandMessage> ConnectAsync(CancellationToken cancellationToken)
    {
        if (_options.ChunkSize != ChunkReader.DefaultChunkSize)
        {
            var announcement = new byte[4];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(announcement, _options.ChunkSize);
            await SendAsync(MessageType.SetChunkSize, 0, 0, announcement, ControlMessages.ChunkStreamId, cancellationToken).ConfigureAwait(false);
            _writer.ChunkSize = _options.ChunkSize;
        }
        var connect = ConnectCommand.Create(_options.App, _options.TcUrl, _options.FlashVersion);
        var properties = connect.CommandObject.AsObject()!;
        if (_options.FollowsReconnect)
            properties["capsEx"] = (int)ConnectCapabilities.All;
        foreach (var (name, value) in _options.Properties)
            properties[name] = value;
        return await CallAsync(connect.Name, properties, [.. _options.UserArguments], cancellationToken).ConfigureAwait(false);
    }

    // Only for the holder of _sending. A failure is the sender's to know; the read loop goes on, because the server's last words, such as a
    // rejection, may be there to be read, and it finds the end by itself.
    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _transport.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            ThrowIfEnded();
            throw new RtmpClientEndedException(new(RtmpClientEndReason.TransportFailed, exception));
        }
    }

    private void ThrowIfEnded()
    {
        if (Volatile.Read(ref _end) is { } end)
            throw new RtmpClientEndedException(end);
    }

    private RtmpClientStream[] Streams()
    {
        lock (_lock)
            return [.. _streams.Values];
    }

    private sealed record PendingCall(string Command, TaskCompletionSource<CommandMessage> Answer, bool ErrorsOnly);
}
