using System.Net;
using System.Net.Sockets;

namespace RoomGrains.Gateway.Connections;

/// <summary>One TCP connection: bytes in, messages out.</summary>
internal sealed class ClientConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly TimeProvider _time;

    public ClientConnection(Socket socket, TimeProvider time)
    {
        // Without it small messages wait for the peer's delayed acknowledgement: 40 to 90 ms for each answer.
        socket.NoDelay = true;
        _socket = socket;
        _time = time;
        RemoteAddress = (IPEndPoint)socket.RemoteEndPoint!;
        if (RemoteAddress.Address.IsIPv4MappedToIPv6)
            RemoteAddress = new IPEndPoint(RemoteAddress.Address.MapToIPv4(), RemoteAddress.Port);
        // A send that the kernel does not take comes back at once, instead of holding up the publisher's thread.
        socket.Blocking = false;
        Input = new SocketInput(socket);
        Output = new Outbox(socket, time);
    }

    /// <summary>Where the client is.</summary>
    public IPEndPoint RemoteAddress { get; }

    /// <summary>Whether the client is on this machine.</summary>
    public bool IsOwn => IPAddress.IsLoopback(RemoteAddress.Address) || ((IPEndPoint)_socket.RemoteEndPoint!).Address.Equals(((IPEndPoint)_socket.LocalEndPoint!).Address);

    /// <summary>What the client sends.</summary>
    public SocketInput Input { get; }

    /// <summary>What is sent to the client.</summary>
    public Outbox Output { get; }

    /// <summary>Sends bytes that are no messages yet: the handshake. Only before anything is put into <see cref="Output"/>.</summary>
    public async ValueTask SendHandshakeAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var sent = _socket.Send(bytes.Span, SocketFlags.None, out var error);
            // The kernel nearly always takes it: an asynchronous send keeps what it needs, and the bytes, for as long as there is the socket, 4 KB.
            if (error == SocketError.WouldBlock)
                sent = await _socket.SendAsync(bytes).ConfigureAwait(false);
            else if (error != SocketError.Success)
                throw new SocketException((int)error);
            bytes = bytes[sent..];
        }
    }

    /// <summary>
    /// Ends the connection so that the client reads our last words: what is queued goes out, then our end of the stream, then the client
    /// has <paramref name="linger"/> to close. A close with unread bytes in our receive buffer would send a reset, and the reset
    /// would overtake the words.
    /// </summary>
    public async Task CloseGracefullyAsync(TimeSpan linger)
    {
        using var limit = new CancellationTokenSource(linger, _time);
        using var wake = limit.Token.UnsafeRegister(static input => ((SocketInput)input!).Wake(), Input);
        try
        {
            await Output.DrainedAsync().WaitAsync(limit.Token).ConfigureAwait(false);
            _socket.Shutdown(SocketShutdown.Send);
            while (!limit.IsCancellationRequested)
            {
                if (!Input.TryRead(out var bytes, out var ended))
                    await Input.WaitAsync().ConfigureAwait(false);
                Input.Advance(bytes.Length);
                if (ended)
                    return;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // The client did not close in time, or closed hard: either way there is nothing left to say.
        }
    }

    /// <summary>Closes the socket at once.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        Output.Dispose();
        Input.Dispose();
    }
}
