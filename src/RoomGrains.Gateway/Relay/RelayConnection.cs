using System.Net;
using RoomGrains.Rtmp.Client;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Relay;

/// <summary>
/// One connection to another node, with a NetStream for each stream that is pulled by it. Its read loop gives frames to the local hub itself, and at
/// the end of each read all streams of which something came are written to their players.
/// </summary>
internal sealed class RelayConnection : IAsyncDisposable
{
    /// <summary>
    /// Plays whose answer is awaited at once. A stream begins with its cached GOP: as the answer to one stands behind the GOPs of those before it,
    /// the origin never has more of them to send than this, however many streams are wanted in one moment.
    /// </summary>
    private const int PlaysAtOnce = 32;

    private readonly SemaphoreSlim _plays = new(PlaysAtOnce);
    private readonly List<RelayReceiver> _unflushed = [];
    private readonly TimeProvider _time;
    private RtmpClient _client = null!;
    private long _heardAt;
    private long _received;
    private long _reported;

    private RelayConnection(TimeProvider time) => _time = time;

    /// <summary>Done when it has ended, and gives no message to anybody any more.</summary>
    public Task<RtmpClientEnd> Completion => _client.Completion;

    /// <summary>For how long nothing has come.</summary>
    public TimeSpan Silence => _time.GetElapsedTime(Interlocked.Read(ref _heardAt));

    /// <summary>Connects.</summary>
    /// <param name="address">Host and port.</param>
    /// <param name="ticket">Lets this node in.</param>
    /// <param name="time">The time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<RelayConnection> ConnectAsync(string address, string ticket, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!TrySplit(address, out var host, out var port))
            throw new IOException($"'{address}' is no address: host:port is.");
        var connection = new RelayConnection(time);
        var pipe = await SocketPipe.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
        connection._client = await RtmpClient.ConnectAsync(pipe, new RtmpClientOptions
        {
            // An application of no room: each stream's ticket names its room.
            App = $"relay?{RelayPeer.TicketParameter}={ticket}",
            TcUrl = $"rtmp://{address}/relay",
            FlashVersion = "RoomGrains relay",
            AfterRead = connection.AfterRead,
        }, cancellationToken).ConfigureAwait(false);
        return connection;
    }

    /// <summary>Plays a stream; done when its origin has said yes. There is no time limit: an origin that does not answer is found silent.</summary>
    /// <param name="name">The stream's name with its ticket; asked for at the last moment, for tickets are short-lived.</param>
    /// <param name="start">-2 from the cached GOP on, -1 from the next key frame on.</param>
    /// <param name="receiver">Gets what comes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<RtmpClientStream> PlayAsync(Func<string> name, double start, RelayReceiver receiver, CancellationToken cancellationToken)
    {
        await _plays.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Waited for to the end: a NetStream of which we don't know could not be deleted.
            var stream = await _client.CreateStreamAsync(message => Receive(receiver, message), CancellationToken.None).ConfigureAwait(false);
            try
            {
                await stream.PlayAsync(name(), start, cancellationToken).ConfigureAwait(false);
                return stream;
            }
            catch
            {
                await stream.CloseAsync(CancellationToken.None).ConfigureAwait(false);
                throw;
            }
        }
        finally
        {
            _plays.Release();
        }
    }

    /// <summary>Asks the other node whether it is there.</summary>
    public async Task AskAsync(CancellationToken cancellationToken)
    {
        await _client.CallAsync(CommandNames.CheckBandwidth, [], cancellationToken).ConfigureAwait(false);
        Interlocked.Exchange(ref _heardAt, _time.GetTimestamp());
    }

    /// <summary>Payload bytes received since the last call. For one caller.</summary>
    public long TakeReceived()
    {
        var received = Interlocked.Read(ref _received);
        (var taken, _reported) = (received - _reported, received);
        return taken;
    }

    /// <summary>Ends it.</summary>
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private void Receive(RelayReceiver receiver, RtmpMessage message)
    {
        // Only the read loop writes it.
        Volatile.Write(ref _received, _received + message.Payload.Length);
        if (receiver.Receive(message))
            _unflushed.Add(receiver);
    }

    private void AfterRead()
    {
        Interlocked.Exchange(ref _heardAt, _time.GetTimestamp());
        foreach (var receiver in _unflushed)
            receiver.Flush();
        _unflushed.Clear();
    }

    private static bool TrySplit(string address, out string host, out int port)
    {
        port = 0;
        var colon = address.LastIndexOf(':');
        host = colon > 0 ? address[..colon].Trim('[', ']') : "";
        return colon > 0 && int.TryParse(address.AsSpan(colon + 1), out port) && port is > 0 and <= IPEndPoint.MaxPort;
    }
}
