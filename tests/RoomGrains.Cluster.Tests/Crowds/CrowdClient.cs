using System.Net;
using System.Net.Sockets;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Client;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Cluster.Tests.Crowds;

/// <summary>
/// A client that behaves as encoders and players do: it connects to some node; when its connection ends it waits a moment and connects to
/// another; when it is asked to reconnect, and has said that it can, it makes the new connection before it leaves the old one.
/// </summary>
internal abstract class CrowdClient(Crowd crowd, CrowdStream stream, int id)
{
    // What the other side has accepted and then never speaks on: a frozen process, a cut wire. Players of RTMP have such a limit.
    private static readonly TimeSpan DeafLimit = TimeSpan.FromSeconds(3);

    private readonly Random _random = new(HashCode.Combine(crowd.Seed, id));
    private readonly bool _canMove = id % 2 == 0;
    private HeardStream? _opening;

    protected Crowd Crowd => crowd;

    /// <summary>What it publishes or plays.</summary>
    public CrowdStream Stream => stream;

    /// <summary>Its number in the crowd.</summary>
    public int Id => id;

    /// <summary>The connection in use; null while there is none.</summary>
    public CrowdConnection? Current { get; private set; }

    /// <summary>How often its connection broke since the window began.</summary>
    public int Breaks { get; private set; }

    /// <summary>How often it moved on request since the window began.</summary>
    public int Moves { get; private set; }

    /// <summary>Why its last attempt to connect failed.</summary>
    public string LastFailure { get; private set; } = "";

    /// <summary>Whether it is where it wants to be: its stream published, or its connection admitted and playing.</summary>
    public abstract bool IsSettled { get; }

    /// <summary>The node to connect to first; null: any.</summary>
    public string? FirstNode { get; init; }

    /// <summary>Lives until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        CrowdConnection? connection = null;
        string? avoid = null;
        var first = FirstNode;
        while (!cancel.IsCancellationRequested)
        {
            var node = crowd.Pick(_random, first, avoid);
            (first, avoid) = (null, null);
            connection ??= await TryOpenAsync(node, $"{stream.Key.Room}", cancel);
            if (connection is null)
            {
                avoid = node.Name;
                await PauseAsync(cancel);
                continue;
            }
            Current = connection;
            var moving = MoveWhenAskedAsync(connection, cancel);
            await UseAsync(connection, cancel);
            // First away, as a client does whose program has seen the end; the request to move ends with the connection.
            Current = null;
            var left = connection.Left.IsCancellationRequested;
            var node0 = connection.Node;
            if (!left)
                OnBroken();
            await connection.DisposeAsync();
            var successor = await moving;
            if (successor is not null)
                Moves++;
            else if (!cancel.IsCancellationRequested)
            {
                Breaks++;
                avoid = node0;
                await PauseAsync(cancel);
            }
            connection = successor;
        }
        if (connection is not null)
            await connection.DisposeAsync();
    }

    /// <summary>From the crowd's heartbeat: gives up a connection on which nothing is heard.</summary>
    public virtual void Tick()
    {
        if (Volatile.Read(ref _opening) is { } opening && opening.Silence > DeafLimit && !opening.HasSpoken)
            opening.Dispose();
    }

    /// <summary>Forgets what was counted.</summary>
    public virtual void BeginWindow() => (Breaks, Moves) = (0, 0);

    /// <summary>Begins to publish or play.</summary>
    protected abstract Task BeginAsync(CrowdConnection connection, CancellationToken cancel);

    /// <summary>Publishes or plays until the connection ends, or is left.</summary>
    protected abstract Task UseAsync(CrowdConnection connection, CancellationToken cancel);

    /// <summary>The connection broke.</summary>
    protected virtual void OnBroken()
    {
    }

    private async Task<CrowdConnection?> TryOpenAsync(CrowdNode node, string app, CancellationToken cancel)
    {
        CrowdConnection? connection = null;
        try
        {
            connection = await CrowdConnection.OpenAsync(node, app, _canMove, transport => Volatile.Write(ref _opening, transport), cancel);
            Volatile.Write(ref _opening, null);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(TimeSpan.FromSeconds(15));
            await BeginAsync(connection, limit.Token);
            return connection;
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or RtmpRejectedException or RtmpProtocolException or ObjectDisposedException)
        {
            LastFailure = $"{node.Name}: {e.Message}";
            if (!cancel.IsCancellationRequested)
                crowd.Failed(this, e);
            if (connection is not null)
                await connection.DisposeAsync();
            return null;
        }
        finally
        {
            Volatile.Write(ref _opening, null);
        }
    }

    /// <summary>Waits until the server asks to reconnect, and does so while the old connection goes on.</summary>
    /// <returns>The new connection; null when nobody asked, or it did not work: then the old one is used to its end.</returns>
    private async Task<CrowdConnection?> MoveWhenAskedAsync(CrowdConnection connection, CancellationToken cancel)
    {
        await foreach (var command in connection.Notifications)
        {
            if (!ReconnectRequest.TryParse(command, connection.Url, out var request))
                continue;
            crowd.CountReconnectRequest();
            var url = new Uri(request.Url);
            var node = crowd.NodeAt(new IPEndPoint(IPAddress.Parse(url.Host), url.Port));
            if (await TryOpenAsync(node, url.PathAndQuery.TrimStart('/'), cancel) is not { } successor)
                continue;
            try
            {
                connection.Leave();
            }
            catch (ObjectDisposedException)
            {
                // It has ended meanwhile.
            }
            return successor;
        }
        return null;
    }

    private async Task PauseAsync(CancellationToken cancel)
    {
        // The delay of encoders that try again, with jitter.
        var pause = TimeSpan.FromMilliseconds(200 + (_random.NextDouble() * 300));
        await Task.Delay(pause, TimeProvider.System, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
