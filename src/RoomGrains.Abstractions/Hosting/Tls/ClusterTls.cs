using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace RoomGrains.Hosting;

/// <summary>
/// Mutual TLS on the connections of a cluster: between silos, and from grain clients to them. Both sides show a certificate, and each takes only
/// one that the cluster's own authority has signed: who is in the cluster is what the authority says, so that host names are not compared.
/// </summary>
public sealed partial class ClusterTls
{
    /// <summary>A handshake takes milliseconds; a peer that does not finish it holds a socket.</summary>
    private static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(10);

    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _authorities;

    private ClusterTls(X509Certificate2 certificate, X509Certificate2Collection authorities) => (_certificate, _authorities) = (certificate, authorities);

    /// <summary>Reads the files that the options name.</summary>
    /// <returns>Null where they name none: connections are then in the clear.</returns>
    /// <exception cref="ClusterTlsException">A file is missing or is not what it should be; the message names it and the setting.</exception>
    public static ClusterTls? Load(ClusterOptions options)
    {
        (string Name, string File)[] files = [(nameof(options.TlsCertificate), options.TlsCertificate), (nameof(options.TlsKey), options.TlsKey), (nameof(options.TlsAuthority), options.TlsAuthority)];
        if (files.All(file => file.File.Length == 0))
            return null;
        if (files.FirstOrDefault(file => file.File.Length == 0) is { Name: not null } missing)
            throw new ClusterTlsException($"Cluster:{missing.Name} is empty: TLS needs all of TlsCertificate, TlsKey and TlsAuthority.");
        foreach (var (name, file) in files)
            if (!File.Exists(file))
                throw new ClusterTlsException($"Cluster:{name}: there is no file '{file}'.");
        try
        {
            var certificate = X509Certificate2.CreateFromPemFile(options.TlsCertificate, options.TlsKey);
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(options.TlsAuthority);
            if (authorities.Count == 0)
                throw new ClusterTlsException($"Cluster:TlsAuthority: '{options.TlsAuthority}' has no certificate in PEM form.");
            var tls = new ClusterTls(certificate, authorities);
            // Otherwise every peer would find it out, and each only that it was refused.
            return tls.Problem(certificate) is { } problem
                ? throw new ClusterTlsException($"Cluster:TlsCertificate: '{options.TlsCertificate}' is not one that Cluster:TlsAuthority has signed and that is valid now: {problem}")
                : tls;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new ClusterTlsException($"The files of Cluster:TlsCertificate, TlsKey and TlsAuthority can't be used (PEM, and the key without a password): {e.Message}");
        }
    }

    /// <summary>Makes a connection's listening side speak TLS.</summary>
    public void UseServer(IConnectionBuilder connection) => Use(connection, (stream, cancel) =>
        stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificate = _certificate,
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = Accepts,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            },
            cancel));

    /// <summary>Makes a connection's calling side speak TLS.</summary>
    public void UseClient(IConnectionBuilder connection) => Use(connection, (stream, cancel) =>
        stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                // The authority is the cluster's own: any name that it has signed is one of us.
                TargetHost = "roomgrains",
                ClientCertificates = [_certificate],
                RemoteCertificateValidationCallback = Accepts,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            },
            cancel));

    private static void Use(IConnectionBuilder connection, Func<SslStream, CancellationToken, Task> authenticate)
    {
        var logger = connection.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger<ClusterTls>();
        connection.Use(next => context => RunAsync(context, next, logger, authenticate));
    }

    private static async Task RunAsync(ConnectionContext context, ConnectionDelegate next, ILogger logger, Func<SslStream, CancellationToken, Task> authenticate)
    {
        var plain = context.Transport;
        await using var stream = new SslStream(new TransportStream(plain));
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.ConnectionClosed);
            limit.CancelAfter(HandshakeTime);
            await authenticate(stream, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException or InvalidOperationException)
        {
            Log.Refused(logger, context.RemoteEndPoint, e is OperationCanceledException ? "it took too long" : e.Message);
            context.Abort(new ConnectionAbortedException("The TLS handshake failed."));
            return;
        }
        context.Transport = new Duplex(
            PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true)), PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true)));
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            await context.Transport.Input.CompleteAsync().ConfigureAwait(false);
            await context.Transport.Output.CompleteAsync().ConfigureAwait(false);
            context.Transport = plain;
        }
    }

    private bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is X509Certificate2 shown && Problem(shown) is null;

    /// <summary>Why a certificate is none of this cluster's; null when it is one.</summary>
    private string? Problem(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate) ? null : string.Join(' ', chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Distinct());
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private static partial class Log
    {
        [LoggerMessage(1400, LogLevel.Warning, "TLS with {Peer} failed: {Reason}. Both sides need certificates of the cluster's authority (Cluster:TlsCertificate, TlsKey, TlsAuthority)")]
        public static partial void Refused(ILogger logger, System.Net.EndPoint? peer, string reason);
    }
}

/// <summary>The cluster's TLS files can't be used; the message says which, and why.</summary>
public sealed class ClusterTlsException(string message) : Exception(message);
