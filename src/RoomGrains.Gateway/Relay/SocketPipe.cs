using System.IO.Pipelines;
using System.Net.Sockets;

namespace RoomGrains.Gateway.Relay;

/// <summary>A TCP connection to another node, as the RTMP client wants it. Completing either direction closes the socket.</summary>
internal sealed class SocketPipe : IDuplexPipe
{
    /// <summary>Some frames of a usual stream in one read: what comes in one read goes to the players in one write.</summary>
    private const int ReceiveBufferSize = 64 * 1024;

    private SocketPipe(Stream stream)
    {
        Input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: ReceiveBufferSize, minimumReadSize: 4 * 1024));
        Output = PipeWriter.Create(stream);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    /// <summary>Connects.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">The port.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException">Nobody is there.</exception>
    public static async Task<SocketPipe> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        // Without NoDelay small messages wait for the peer's delayed acknowledgement.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
            return new SocketPipe(new NetworkStream(socket, ownsSocket: true));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
