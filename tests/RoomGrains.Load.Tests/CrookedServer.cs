using System.Buffers;
using System.Net;
using System.Net.Sockets;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Handshakes;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Load.Tests;

/// <summary>
/// A server that does what no server should, as it is told: so that it can be seen whether the generator notices. It knows no rooms, only
/// names of streams.
/// </summary>
internal sealed class CrookedServer : IAsyncDisposable
{
    private readonly Socket[] _listeners;
    private readonly List<Client> _clients = [];
    private readonly Lock _gate = new();
    private readonly Task _accepting;
    private int _plays;

    /// <param name="doors">At how many addresses it listens, as a cluster does.</param>
    public CrookedServer(int doors = 1)
    {
        _listeners = [.. Enumerable.Range(0, doors).Select(_ => new Socket(SocketType.Stream, ProtocolType.Tcp))];
        foreach (var listener in _listeners)
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(100);
        }
        _accepting = Task.WhenAll(_listeners.Select(AcceptAsync));
    }

    /// <summary>Where it listens.</summary>
    public IReadOnlyList<string> Urls => [.. _listeners.Select(listener => $"rtmp://127.0.0.1:{((IPEndPoint)listener.LocalEndPoint!).Port}/live/crooked")];

    /// <summary>The names of the streams that were published and played through each of its addresses, in no order.</summary>
    public IReadOnlyList<(string[] Published, string[] Played)> Seen
    {
        get
        {
            lock (_gate)
                return [.. _listeners.Select(listener => _clients.Where(client => client.Door == listener).ToArray())
                    .Select(clients => (clients.Select(client => client.Publishes).Where(name => name.Length > 0).ToArray(), clients.SelectMany(client => client.Plays.Select(play => play.Name)).ToArray()))];
        }
    }

    /// <summary>How many connections came to each of its addresses.</summary>
    public IReadOnlyList<int> Visits
    {
        get
        {
            lock (_gate)
                return [.. _listeners.Select(listener => _clients.Count(client => client.Door == listener))];
        }
    }

    /// <summary>How many streams are played, by all clients together, when all have come: from then on frames have numbers.</summary>
    public int Plays { get; init; }

    /// <summary>
    /// How often a video frame of a stream is sent to a player of a stream; below 0 the player is thrown out. An honest server sends it once
    /// where both are the same. Frames are numbered from 1 on when everybody plays; those before have 0.
    /// </summary>
    public Func<string, string, int, int> Copies { get; init; } = Honest;

    /// <summary>Whether media comes on message stream 0 instead of the one that was given out: not crooked but node-media-server's way.</summary>
    public bool MediaOnStreamZero { get; init; }

    /// <summary>Whether players are told, after the video frame with this number, that their stream has ended.</summary>
    public Func<int, bool> SaysEnded { get; init; } = _ => false;

    /// <summary>What a connection is told that comes when so many have come before; null: it is let in.</summary>
    public Func<int, string?> Refusal { get; init; } = _ => null;

    public static int Honest(string published, string played, int frame) => published == played ? 1 : 0;

    public async ValueTask DisposeAsync()
    {
        foreach (var listener in _listeners)
            listener.Dispose();
        await _accepting;
        Client[] clients;
        lock (_gate)
            clients = [.. _clients];
        foreach (var client in clients)
            client.Socket.Dispose();
        await Task.WhenAll(clients.Select(client => client.Run));
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
                return;
            }
            lock (_gate)
            {
                var client = new Client(listener, socket, Refusal(_clients.Count));
                _clients.Add(client);
                client.Run = Task.Run(() => ServeAsync(client));
            }
        }
    }

    private async Task ServeAsync(Client client)
    {
        var (handshake, shaken) = (new ServerHandshake(), false);
        using var reader = new ChunkReader(ChunkReaderLimits.AfterAccept);
        var received = new ArrayBufferWriter<byte>();
        try
        {
            client.Socket.NoDelay = true;
            while (await client.Socket.ReceiveAsync(received.GetMemory(64 * 1024)) is > 0 and var count)
            {
                received.Advance(count);
                var left = new ReadOnlySequence<byte>(received.WrittenMemory);
                if (!shaken)
                {
                    var output = new ArrayBufferWriter<byte>();
                    shaken = handshake.TryAdvance(ref left, output);
                    client.Send(output.WrittenSpan);
                }
                while (shaken && reader.TryRead(ref left, out var message))
                {
                    Serve(client, message);
                    message.Release();
                }
                var rest = left.ToArray();
                received.Clear();
                received.Write(rest);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It left, or was thrown out.
        }
    }

    private void Serve(Client client, RtmpMessage message)
    {
        if (message.Type is MessageType.Video or MessageType.Audio)
        {
            Relay(client, message);
            return;
        }
        if (!CommandMessage.IsCommand(message.Type))
            return;
        var command = CommandMessage.Parse(message);
        switch (command.Name)
        {
            case CommandNames.Connect when client.Refusal is { } words:
                client.Send(Replies.ConnectError(ConnectCommand.From(command), StatusCodes.Connect.Rejected, words), 0);
                break;
            case CommandNames.Connect:
                client.Send(Replies.ConnectSuccess(ConnectCommand.From(command), ""), 0);
                break;
            case CommandNames.CreateStream:
                client.Send(Replies.CreateStreamResult(command, ++client.LastStreamId), 0);
                break;
            case CommandNames.Publish:
                lock (_gate)
                    client.Publishes = command[0].AsString()!;
                client.Send(StreamReplies.PublishStart(client.Publishes), message.StreamId);
                break;
            case CommandNames.Play:
                client.Send(StreamReplies.PlayStart(command[0].AsString()!), message.StreamId);
                lock (_gate)
                {
                    client.Plays.Add((command[0].AsString()!, message.StreamId));
                    _plays++;
                }
                break;
        }
    }

    private void Relay(Client publisher, RtmpMessage message)
    {
        lock (_gate)
        {
            if (message.Type == MessageType.Video && _plays >= Plays)
                publisher.Frames++;
            foreach (var player in _clients)
                foreach (var (name, streamId) in player.Plays)
                {
                    var copies = message.Type == MessageType.Video ? Copies(publisher.Publishes, name, publisher.Frames) : Honest(publisher.Publishes, name, 0);
                    if (message.Type == MessageType.Video && SaysEnded(publisher.Frames))
                        player.Send(StreamReplies.UnpublishNotify(name), streamId);
                    if (copies < 0)
                        player.Socket.Dispose();
                    for (; copies > 0; copies--)
                        player.Send(message, MediaOnStreamZero ? 0 : streamId);
                }
        }
    }

    private sealed class Client(Socket door, Socket socket, string? refusal)
    {
        public readonly Socket Door = door;
        public readonly Socket Socket = socket;
        public readonly string? Refusal = refusal;
        public readonly List<(string Name, uint StreamId)> Plays = [];
        public Task Run = Task.CompletedTask;
        public string Publishes = "";
        public int Frames;
        public uint LastStreamId;

        public void Send(CommandMessage command, uint streamId) => Send(command.ToOutgoing(ChunkReader.DefaultChunkSize), streamId);

        public void Send(RtmpMessage message, uint streamId) =>
            Send(OutgoingMessage.Encode(message.Type, message.Timestamp, message.Payload, 6, ChunkReader.DefaultChunkSize), streamId);

        public void Send(ReadOnlySpan<byte> bytes)
        {
            try
            {
                Socket.Send(bytes);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It left.
            }
        }

        private void Send(OutgoingMessage message, uint streamId)
        {
            Span<byte> header = stackalloc byte[OutgoingMessage.MaxHeaderLength];
            // In one piece: publishers of several streams send to one player from several threads.
            lock (Socket)
                Send([.. header[..message.WriteHeader(header, streamId)], .. message.Body]);
            message.Release();
        }
    }
}
