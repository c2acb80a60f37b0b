using System.Buffers;
using System.IO.Pipelines;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Handshakes;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Tests.Client;

/// <summary>The other end of a client under test: our own handshake, reader and encoder, doing what the test says, step by step.</summary>
#pragma warning disable CA1001 // What the reader holds at the end of a test is left to the collector.
public sealed class ScriptedServer
#pragma warning restore CA1001
{
    public const int ChunkSize = 4096;

    private readonly IDuplexPipe _transport;
    private readonly ChunkReader _reader = new(ChunkReaderLimits.AfterAccept);
    private int _chunkSize = ChunkReader.DefaultChunkSize;

    private ScriptedServer(IDuplexPipe transport) => _transport = transport;

    /// <summary>What the client sent and the test didn't ask for.</summary>
    public List<RtmpMessage> Others { get; } = [];

    /// <summary>The chunk size that the client has announced.</summary>
    public int ClientChunkSize => _reader.ChunkSize;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Two ends of a connection in memory, each of which pauses its writer after some bytes, as sockets do.</summary>
    public static (ScriptedServer Server, IDuplexPipe Client) Create()
    {
        var options = new PipeOptions(pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024);
        var (up, down) = (new Pipe(options), new Pipe(options));
        return (new(new End(up.Reader, down.Writer)), new End(down.Reader, up.Writer));
    }

    /// <summary>The handshake, and connect up to the point where a verdict is due.</summary>
    public async Task<ConnectCommand> ReadConnectAsync()
    {
        await ShakeHandsAsync();
        return ConnectCommand.From(await ReadCommandAsync("connect"));
    }

    /// <summary>All that a server says to a client it admits.</summary>
    public async Task<ConnectCommand> AcceptAsync()
    {
        var connect = await ReadConnectAsync();
        await AcceptAsync(connect);
        return connect;
    }

    public async Task AcceptAsync(ConnectCommand connect)
    {
        await SendAsync(ControlMessages.WindowAckSize(2500000));
        await SendAsync(ControlMessages.SetPeerBandwidth(2500000, PeerBandwidthLimit.Dynamic));
        await SendAsync(ControlMessages.StreamBegin(0));
        await SendAsync(ControlMessages.SetChunkSize(ChunkSize));
        _chunkSize = ChunkSize;
        await SendAsync(Replies.ConnectSuccess(connect, clientId: "1"));
    }

    /// <summary>Answers createStream and reads publish or play.</summary>
    public async Task<CommandMessage> ReadStreamCommandAsync(string name, uint streamId = 1)
    {
        await SendAsync(Replies.CreateStreamResult(await ReadCommandAsync("createStream"), streamId));
        return await ReadCommandAsync(name);
    }

    public async Task ShakeHandsAsync()
    {
        var handshake = new ServerHandshake();
        for (var done = false; !done;)
        {
            var result = await _transport.Input.ReadAsync(Cancel);
            Assert.False(result.IsCompleted, "the client left in the handshake");
            var input = result.Buffer;
            done = handshake.TryAdvance(ref input, _transport.Output);
            _transport.Input.AdvanceTo(input.Start, done ? input.Start : input.End);
            await _transport.Output.FlushAsync(Cancel);
        }
    }

    /// <summary>The next message; null when the client has closed the connection.</summary>
    public async Task<RtmpMessage?> ReadAsync()
    {
        while (true)
        {
            var result = await _transport.Input.ReadAsync(Cancel);
            var input = result.Buffer;
            var whole = _reader.TryRead(ref input, out var message);
            _transport.Input.AdvanceTo(input.Start, whole ? input.Start : input.End);
            if (whole)
                return message;
            if (result.IsCompleted)
                return null;
        }
    }

    /// <summary>The next message of a type.</summary>
    public async Task<RtmpMessage> ReadAsync(MessageType type)
    {
        while (true)
        {
            var message = await ReadAsync() ?? throw new InvalidOperationException($"The client left before it sent {type}.");
            if (message.Type == type)
                return message;
            Others.Add(message);
        }
    }

    public async Task<CommandMessage> ReadCommandAsync(string name)
    {
        while (true)
        {
            var message = await ReadAsync(MessageType.CommandAmf0);
            var command = CommandMessage.Parse(message);
            if (command.Name == name)
                return command;
            Others.Add(message);
        }
    }

    public Task SendAsync(CommandMessage command, uint streamId = 0) => SendAsync(command.ToOutgoing(_chunkSize), streamId);

    public Task SendAsync(MessageType type, uint timestamp, uint streamId, byte[] payload) =>
        SendAsync(OutgoingMessage.Encode(type, timestamp, SharedBuffer.CopyOf(payload), 6, _chunkSize), streamId);

    public async Task SendAsync(OutgoingMessage message, uint streamId = 0) => await SendAsync(Chunks.Wire.Bytes(message, streamId));

    public async Task SendAsync(byte[] bytes) => await _transport.Output.WriteAsync(bytes, Cancel);

    public async Task CloseAsync()
    {
        await _transport.Output.CompleteAsync();
        await _transport.Input.CompleteAsync();
    }

    private sealed record End(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
