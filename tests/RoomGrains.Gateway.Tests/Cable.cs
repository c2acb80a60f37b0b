using System.Net;
using System.Net.Sockets;

namespace RoomGrains.Gateway.Tests;

/// <summary>The cable between two nodes, which a test can cut, or hold still. A node is given its end as the address at which others reach it.</summary>
internal sealed class Cable : IAsyncDisposable
{
    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly Lock _gate = new();
    private readonly List<Connection> _connections = [];
    private readonly Task _accepting;
    private IPEndPoint? _target;
    private long _toTarget;
    private long _fromTarget;

    public Cable()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = _listener.LocalEndPoint!.ToString()!;
        _accepting = AcceptAsync();
    }

    /// <summary>Its near end.</summary>
    public string Address { get; }

    /// <summary>Connections so far.</summary>
    public int Connections
    {
        get
        {
            lock (_gate)
                return _connections.Count;
        }
    }

    /// <summary>Bytes that went from those who connect to the node at the far end.</summary>
    public long ToTarget => Interlocked.Read(ref _toTarget);

    /// <summary>Bytes that came back.</summary>
    public long FromTarget => Interlocked.Read(ref _fromTarget);

    /// <summary>Puts the node at the far end.</summary>
    public void To(TestGateway gateway) => _target = gateway.EndPoint;

    /// <summary>Nobody is at the far end: each connection is closed at once.</summary>
    public void Unplug() => _target = null;

    /// <summary>Cuts every connection; new ones are possible.</summary>
    public void Cut() => Each(c => c.Dispose());

    /// <summary>Holds every connection still: it is there, and no byte passes any more. New ones are possible.</summary>
    public void Hold() => Each(c => c.Held = true);

    /// <summary>Loses, and counts, all that goes to the node at the far end; what comes from there arrives. New connections are sound.</summary>
    public void Deafen() => Each(c => c.Deaf = true);

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        Cut();
    }

    private void Each(Action<Connection> action)
    {
        lock (_gate)
            _connections.ForEach(action);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket near;
            try
            {
                near = await _listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The end of the test.
                return;
            }
            var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
            var connection = new Connection(near, far);
            lock (_gate)
                _connections.Add(connection);
            try
            {
                await far.ConnectAsync(_target ?? throw new SocketException((int)SocketError.ConnectionRefused));
                near.NoDelay = far.NoDelay = true;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It was cut before it had reached the far end, or nobody is there; the next may fare better.
                connection.Dispose();
                continue;
            }
            _ = PassAsync(connection, near, far, () => connection.Deaf, bytes => Interlocked.Add(ref _toTarget, bytes));
            _ = PassAsync(connection, far, near, () => false, bytes => Interlocked.Add(ref _fromTarget, bytes));
        }
    }

    private static async Task PassAsync(Connection connection, Socket from, Socket to, Func<bool> isLost, Action<int> passed)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                // What is held is lost: nobody hears of this connection again.
                if (connection.Held)
                    return;
                for (var sent = isLost() ? count : 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
                passed(count);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
        connection.Dispose();
    }

    private sealed class Connection(Socket near, Socket far) : IDisposable
    {
        public volatile bool Held;

        public volatile bool Deaf;

        public void Dispose()
        {
            near.Dispose();
            far.Dispose();
        }
    }
}
