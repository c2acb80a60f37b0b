using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using RoomGrains.Rtmp.Client;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Cluster.Tests.Crowds;

/// <summary>One connection of a client of the crowd: admitted, with one NetStream.</summary>
internal sealed class CrowdConnection : IAsyncDisposable
{
    // As encoders do it that are not told otherwise: long enough for a cold start, short of librtmp's 30 s.
    private static readonly TimeSpan DialLimit = TimeSpan.FromSeconds(2), AdmissionLimit = TimeSpan.FromSeconds(25);

    private readonly RtmpClient _client;
    private readonly HeardStream _transport;
    private readonly CancellationTokenSource _left = new();

    private CrowdConnection(RtmpClient client, RtmpClientStream stream, HeardStream transport, string node) =>
        (_client, Stream, _transport, Node) = (client, stream, transport, node);

    /// <summary>The NetStream.</summary>
    public RtmpClientStream Stream { get; }

    /// <summary>The node.</summary>
    public string Node { get; }

    /// <summary>The URL that it said it connected to.</summary>
    public required string Url { get; init; }

    /// <summary>What the server says on the connection: reconnect requests.</summary>
    public IAsyncEnumerable<CommandMessage> Notifications => _client.Notifications.ReadAllAsync();

    /// <summary>The client's id, as the server told it: its seat.</summary>
    public string Id => _client.ConnectResult[0]["clientid"].AsString() ?? "";

    /// <summary>Done when the client goes on with another connection.</summary>
    public CancellationToken Left => _left.Token;

    /// <summary>Done when the connection has ended.</summary>
    public Task<RtmpClientEnd> Ended => _client.Completion;

    /// <summary>Connects, and is admitted.</summary>
    /// <param name="node">Where.</param>
    /// <param name="app">Application and room, with the query of a ticket if any.</param>
    /// <param name="canMove">Whether to say that it follows reconnect requests (Enhanced RTMP v2).</param>
    /// <param name="guard">Is told of the transport as soon as there is one, to end it where the other side says nothing.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<CrowdConnection> OpenAsync(CrowdNode node, string app, bool canMove, Action<HeardStream> guard, CancellationToken cancel)
    {
        var socket = new Socket(node.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var dialing = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            dialing.CancelAfter(DialLimit);
            await socket.ConnectAsync(node.Address, dialing.Token);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        var transport = new HeardStream(socket);
        guard(transport);
        using var admission = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        admission.CancelAfter(AdmissionLimit);
        var options = new RtmpClientOptions { App = app, TcUrl = $"rtmp://{node.Address}/{app.Split('?')[0]}", FlashVersion = "RoomGrains crowd", FollowsReconnect = canMove };
        var client = await RtmpClient.ConnectAsync(transport.AsPipe(), options, admission.Token);
        try
        {
            return new CrowdConnection(client, await client.CreateStreamAsync(admission.Token), transport, node.Name) { Url = options.TcUrl };
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>The number of the publication, where it publishes.</summary>
    public int Publication { get; set; }

    /// <summary>How long nothing has been heard from the server.</summary>
    public TimeSpan Silence => _transport.Silence;

    /// <summary>Closes the socket under it: nothing is to be expected from the other side.</summary>
    public void Abort() => _transport.Dispose();

    /// <summary>The client goes on with another connection: whoever uses this one stops.</summary>
    public void Leave() => _left.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _transport.DisposeAsync();
        _left.Dispose();
    }
}

/// <summary>A socket that remembers when something was last heard on it.</summary>
internal sealed class HeardStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    private long _heardAt = TimeProvider.System.GetTimestamp();

    /// <summary>Whether anything has been heard.</summary>
    public bool HasSpoken { get; private set; }

    /// <summary>How long nothing has been heard.</summary>
    public TimeSpan Silence => TimeProvider.System.GetElapsedTime(Volatile.Read(ref _heardAt));

    /// <summary>Both directions as pipes. Idle, they hold no buffer: there are hundreds of them.</summary>
    public IDuplexPipe AsPipe() => new Pipes(
        PipeReader.Create(this, new StreamPipeReaderOptions(bufferSize: 4096, minimumReadSize: 512, leaveOpen: true, useZeroByteReads: true)),
        PipeWriter.Create(this, new StreamPipeWriterOptions(leaveOpen: false)));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await base.ReadAsync(buffer, cancellationToken);
        if (read > 0)
        {
            HasSpoken = true;
            Volatile.Write(ref _heardAt, TimeProvider.System.GetTimestamp());
        }
        return read;
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
