using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Handshakes;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Tests;

/// <summary>
/// A client that shows every message as it came and says whatever the test wants said, legal or not. (The library's client would hide a
/// second verdict; this one must not.)
/// </summary>
internal sealed class RawClient : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly PipeReader _input;
    private readonly ChunkReader _chunks = new(ChunkReaderLimits.AfterAccept);
    private readonly ChunkWriter _writer = new();

    private RawClient(Socket socket)
    {
        _socket = socket;
        _input = PipeReader.Create(new NetworkStream(socket));
    }

    /// <summary>Connects, without a byte of RTMP.</summary>
    public static async Task<RawClient> OpenAsync(IPEndPoint server)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server);
        return new RawClient(socket);
    }

    /// <summary>Connects and shakes hands.</summary>
    public static async Task<RawClient> ShakeAsync(IPEndPoint server)
    {
        var client = await OpenAsync(server);
        var handshake = new ClientHandshake();
        while (true)
        {
            var output = new ArrayBufferWriter<byte>();
            var done = client.Advance(handshake, output, default);
            await client.SendBytesAsync(output.WrittenMemory);
            if (done)
                return client;
            var read = await client._input.ReadAsync();
            var rest = read.Buffer;
            output = new ArrayBufferWriter<byte>();
            done = handshake.TryAdvance(ref rest, output);
            client._input.AdvanceTo(rest.Start, rest.End);
            await client.SendBytesAsync(output.WrittenMemory);
            if (done)
                return client;
            if (read.IsCompleted)
                throw new EndOfStreamException("The server closed in the handshake.");
        }
    }

    /// <summary>Connects, shakes hands and sends <c>connect</c>.</summary>
    public static async Task<RawClient> ConnectAsync(IPEndPoint server, string app, params string[] arguments)
    {
        var client = await ShakeAsync(server);
        await client.SendAsync(ConnectCommand.Create(app, $"rtmp://{server}/{app}", "RoomGrains tests", [.. arguments.Select(a => (Rtmp.Amf.AmfValue)a)]));
        return client;
    }

    /// <summary>The same, of a client that acts upon reconnect requests.</summary>
    public static async Task<RawClient> ConnectCapableAsync(IPEndPoint server, string app)
    {
        var client = await ShakeAsync(server);
        var connect = ConnectCommand.Create(app, $"rtmp://{server}/{app}", "RoomGrains tests");
        connect.CommandObject.AsObject()!["capsEx"] = (int)ConnectCapabilities.Reconnect;
        await client.SendAsync(connect);
        return client;
    }

    /// <summary>Sends a command.</summary>
    public Task SendAsync(CommandMessage command, uint streamId = 0)
    {
        var payload = command.EncodePayload();
        try
        {
            return SendAsync(MessageType.CommandAmf0, 0, streamId, payload.Span, CommandMessage.ChunkStreamId);
        }
        finally
        {
            payload.Release();
        }
    }

    /// <summary>Sends a message.</summary>
    public Task SendAsync(MessageType type, uint timestamp, uint streamId, ReadOnlySpan<byte> payload, int chunkStreamId)
    {
        var output = new ArrayBufferWriter<byte>();
        _writer.Write(output, type, timestamp, streamId, payload, chunkStreamId);
        return SendBytesAsync(output.WrittenMemory);
    }

    /// <summary>Sends bytes as they are.</summary>
    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes)..];
    }

    /// <summary>The next message; null at the end of the stream. The payload is the caller's to release.</summary>
    public async Task<RtmpMessage?> ReadAsync(CancellationToken cancel)
    {
        while (true)
        {
            ReadResult read;
            try
            {
                read = await _input.ReadAsync(cancel);
            }
            catch (IOException)
            {
                return null;
            }
            var rest = read.Buffer;
            var whole = _chunks.TryRead(ref rest, out var message);
            // What is left may hold the next message: it must be looked at without waiting for more bytes.
            _input.AdvanceTo(rest.Start, whole ? rest.Start : rest.End);
            if (whole)
                return message;
            if (read.IsCompleted)
                return null;
        }
    }

    /// <summary>Reads on to the next command with one of these names; null at the end of the stream.</summary>
    public async Task<CommandMessage?> ReadCommandAsync(CancellationToken cancel, params string[] names)
    {
        while (await ReadAsync(cancel) is { } message)
        {
            try
            {
                if (CommandMessage.IsCommand(message.Type) && CommandMessage.Parse(message) is var command && names.Contains(command.Name))
                    return command;
            }
            finally
            {
                message.Release();
            }
        }
        return null;
    }

    /// <summary>Reads to the end of the stream.</summary>
    /// <returns>Every command that came.</returns>
    public async Task<List<CommandMessage>> ReadToEndAsync(CancellationToken cancel)
    {
        List<CommandMessage> commands = [];
        while (await ReadAsync(cancel) is { } message)
        {
            if (CommandMessage.IsCommand(message.Type))
                commands.Add(CommandMessage.Parse(message));
            message.Release();
        }
        return commands;
    }

    /// <summary>The chunk size that the server has announced.</summary>
    public int PeerChunkSize => _chunks.ChunkSize;

    /// <summary>Says that nothing more will be sent; the other direction stays open.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _input.CompleteAsync();
        _chunks.Dispose();
    }

    private bool Advance(ClientHandshake handshake, IBufferWriter<byte> output, ReadOnlySequence<byte> input) => handshake.TryAdvance(ref input, output);
}
