using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace RoomGrains.Gateway.Connections;

/// <summary>
/// One TCP connection: bytes in, messages out. An idle connection holds no receive buffer: the pipe first waits for readability with a
/// read of zero bytes, so that ten thousand pending clients cost their sockets and little more.
/// </summary>
internal sealed class ClientConnection : IAsyncDisposable
{
    /// <summary>Large enough for a video frame of a usual room in one read; rented only while bytes are there.</summary>
    private const int ReceiveBufferSize = 16 * 1024;

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
        Input = PipeReader.Create(
            new NetworkStream(socket, ownsSocket: false), new StreamPipeReaderOptions(bufferSize: ReceiveBufferSize, minimumReadSize: 1024, useZeroByteReads: true));
        // A send that the kernel does not take comes back at once, instead of holding up the publisher's thread. (The stream above wants to be
        // made before.)
        socket.Blocking = false;
        Output = new Outbox(socket, time);
    }

    /// <summary>Where the client is.</summary>
    public IPEndPoint RemoteAddress { get; }

    /// <summary>What the client sends.</summary>
    public PipeReader Input { get; }

    /// <summary>What is sent to the client.</summary>
    public Outbox Output { get; }

    /// <summary>Sends bytes that are no messages yet: the handshake. Only before anything is put into <see cref="Output"/>.</summary>
    public async ValueTask SendHandshakeAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes).ConfigureAwait(false)..];
    }

    /// <summary>
    /// Ends the connection so that the client reads our last words: what is queued goes out, then our end of the stream, then the client
    /// has <paramref name="linger"/> to close. A close with unread bytes in our receive buffer would send a reset, and the reset
    /// would overtake the words.
    /// </summary>
    public async Task CloseGracefullyAsync(TimeSpan linger)
    {
        using var limit = new CancellationTokenSource(linger, _time);
        try
        {
            await Output.DrainedAsync().WaitAsync(limit.Token).ConfigureAwait(false);
            _socket.Shutdown(SocketShutdown.Send);
            while (true)
            {
                var read = await Input.ReadAsync(limit.Token).ConfigureAwait(false);
                Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    return;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // The client did not close in time, or closed hard: either way there is nothing left to say.
        }
    }

    /// <summary>Closes the socket at once.</summary>
    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        Output.Dispose();
        await Input.CompleteAsync().ConfigureAwait(false);
    }
}
