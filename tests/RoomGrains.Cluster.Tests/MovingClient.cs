using System.IO.Pipelines;
using System.Net.Sockets;
using RoomGrains.Rtmp.Client;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>
/// A client that publishes or plays one stream and, where it says that it can, goes where a reconnect request sends it: first the new connection, then
/// the end of the old one.
/// </summary>
internal sealed class MovingClient : IAsyncDisposable
{
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(40);

    private readonly CancellationTokenSource _stop = new();
    private readonly string _stream;
    private readonly bool _moves;
    private Task _run = Task.CompletedTask;
    private long _frames;
    private long _lastFrame = TimeProvider.System.GetTimestamp();

    private MovingClient(string stream, bool moves) => (_stream, _moves) = (stream, moves);

    /// <summary>How often it has gone to another server.</summary>
    public int Moves { get; private set; }

    /// <summary>Frames sent or received.</summary>
    public long Frames => Interlocked.Read(ref _frames);

    /// <summary>The longest time without a frame so far.</summary>
    public TimeSpan LongestGap { get; private set; }

    /// <summary>Ends, with the reason, when its connection ended and no other took its place.</summary>
    public TaskCompletionSource<RtmpClientEnd> Dropped { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether it was told that its stream has ended.</summary>
    public bool HeardEnd { get; private set; }

    /// <summary>Publishes 25 frames a second, every tenth a key frame.</summary>
    public static async Task<MovingClient> PublishAsync(string url, string stream, bool moves, CancellationToken cancel)
    {
        var client = new MovingClient(stream, moves);
        var connection = await client.ConnectAsync(url, publishes: true, cancel);
        client._run = client.RunAsync(connection, publishes: true);
        return client;
    }

    /// <summary>Plays.</summary>
    public static async Task<MovingClient> PlayAsync(string url, string stream, bool moves, CancellationToken cancel)
    {
        var client = new MovingClient(stream, moves);
        var connection = await client.ConnectAsync(url, publishes: false, cancel);
        client._run = client.RunAsync(connection, publishes: false);
        return client;
    }

    /// <summary>Connects, and leaves when it was admitted.</summary>
    public static async Task JoinAsync(string url, CancellationToken cancel) =>
        await (await OpenAsync(url, moves: false, cancel)).DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _stop.Dispose();
    }

    private async Task RunAsync(Connection connection, bool publishes)
    {
        while (true)
        {
            string? next = null;
            using (var left = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
            {
                var media = publishes ? SendAsync(connection, left.Token) : ReceiveAsync(connection, left.Token);
                var told = TellsAsync(connection, left.Token);
                if (await Task.WhenAny(told, connection.Client.Completion) == told && !_stop.IsCancellationRequested)
                    next = await told;
                Connection? following = null;
                if (next is not null)
                    following = await ConnectAsync(next, publishes, _stop.Token);
                await left.CancelAsync();
                await media;
                if (following is null && connection.Client.Completion.IsCompleted && !_stop.IsCancellationRequested)
                    Dropped.TrySetResult(await connection.Client.Completion);
                await connection.Client.DisposeAsync();
                if (following is null)
                    return;
                connection = following;
                Moves++;
            }
        }
    }

    /// <summary>The URL of a reconnect request; null when the connection ends without one.</summary>
    private static async Task<string?> TellsAsync(Connection connection, CancellationToken cancel)
    {
        try
        {
            await foreach (var said in connection.Client.Notifications.ReadAllAsync(cancel))
                if (ReconnectRequest.TryParse(said, connection.Url, out var request))
                    return request.Url;
        }
        catch (OperationCanceledException)
        {
        }
        return null;
    }

    private async Task SendAsync(Connection connection, CancellationToken cancel)
    {
        try
        {
            for (uint frame = 0; !cancel.IsCancellationRequested; frame++)
            {
                if (frame == 0)
                    await Send("VH1", 0);
                await Send($"{(frame % 10 == 0 ? 'K' : 'I')}{frame % 200}", frame * 40);
                Interlocked.Increment(ref _frames);
                await Task.Delay(FrameTime, TimeProvider.System, cancel);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or RtmpClientEndedException)
        {
        }

        ValueTask Send(string word, uint time)
        {
            var (type, payload) = Words.Message(word);
            return connection.Stream.SendAsync(type, time, payload, CancellationToken.None);
        }
    }

    private async Task ReceiveAsync(Connection connection, CancellationToken cancel)
    {
        try
        {
            while (await connection.Stream.ReadAsync(cancel) is { } message)
            {
                if (message.Type == MessageType.Video)
                {
                    var now = TimeProvider.System.GetTimestamp();
                    if (Interlocked.Increment(ref _frames) > 1 && TimeProvider.System.GetElapsedTime(_lastFrame, now) is var gap && gap > LongestGap)
                        LongestGap = gap;
                    _lastFrame = now;
                }
                else if (CommandMessage.IsCommand(message.Type) && CommandMessage.Parse(message)[0]["code"].AsString() == StatusCodes.Play.UnpublishNotify)
                {
                    HeardEnd = true;
                }
                message.Release();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task<Connection> ConnectAsync(string url, bool publishes, CancellationToken cancel)
    {
        var client = await OpenAsync(url, _moves, cancel);
        var stream = await client.CreateStreamAsync(cancel);
        if (publishes)
            await stream.PublishAsync(_stream, cancellationToken: cancel);
        else
            await stream.PlayAsync(_stream, cancellationToken: cancel);
        return new Connection(client, stream, url);
    }

    private static async Task<RtmpClient> OpenAsync(string url, bool moves, CancellationToken cancel)
    {
        var uri = new Uri(url);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(uri.Host, uri.Port, cancel);
        return await RtmpClient.ConnectAsync(
            new Duplex(new NetworkStream(socket, ownsSocket: true)), new RtmpClientOptions { App = uri.PathAndQuery.TrimStart('/'), TcUrl = url, FollowsReconnect = moves }, cancel);
    }

    private sealed record Connection(RtmpClient Client, RtmpClientStream Stream, string Url);

    private sealed class Duplex(Stream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(stream);

        public PipeWriter Output { get; } = PipeWriter.Create(stream);
    }
}
