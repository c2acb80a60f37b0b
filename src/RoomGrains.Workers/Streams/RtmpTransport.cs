using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace RoomGrains.Workers.Streams;

/// <summary>A TCP connection, with or without TLS, as the RTMP client wants it. Completing a direction closes the socket.</summary>
internal sealed class RtmpTransport : IDuplexPipe
{
    private RtmpTransport(Stream stream)
    {
        Input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 * 1024, minimumReadSize: 4 * 1024));
        Output = PipeWriter.Create(stream);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    /// <summary>Connects to the first of these addresses that answers.</summary>
    /// <param name="addresses">The addresses, and no others.</param>
    /// <param name="port">The port.</param>
    /// <param name="secureHost">Whose certificate it must show; null: no TLS.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException">Nobody is there.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">It has no certificate of that name.</exception>
    public static async Task<RtmpTransport> ConnectAsync(IPAddress[] addresses, int port, string? secureHost, CancellationToken cancellationToken)
    {
        // Without NoDelay small messages wait for the peer's delayed acknowledgement.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken).ConfigureAwait(false);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (secureHost is null)
                return new RtmpTransport(stream);
            var secure = new SslStream(stream);
            stream = secure;
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = secureHost }, cancellationToken).ConfigureAwait(false);
            return new RtmpTransport(secure);
        }
        catch
        {
            if (stream is not null)
                await stream.DisposeAsync().ConfigureAwait(false);
            socket.Dispose();
            throw;
        }
    }
}
