using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RoomGrains.Testing;

/// <summary>An authority of its own, and certificates that it has signed, as PEM files in a folder.</summary>
public sealed class TlsFiles : IDisposable
{
    private readonly X509Certificate2 _authority;
    private int _serial;

    /// <summary>Makes the authority.</summary>
    public TlsFiles(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        _authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        Folder = Directory.CreateTempSubdirectory("roomgrains-tls-").FullName;
        File.WriteAllText(AuthorityFile, _authority.ExportCertificatePem());
    }

    /// <summary>Where the files are.</summary>
    public string Folder { get; }

    /// <summary>The authority's certificate.</summary>
    public string AuthorityFile => Path.Combine(Folder, "authority.pem");

    /// <summary>Makes a certificate and its key.</summary>
    /// <param name="name">The subject's name, and the files'.</param>
    /// <param name="days">For how long from yesterday it is valid.</param>
    public (string Certificate, string Key) Make(string name, int days = 2)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var from = TimeProvider.System.GetUtcNow().AddDays(-1);
        // Not a second longer than the authority itself.
        using var certificate = request.Create(_authority, from < _authority.NotBefore ? _authority.NotBefore : from, days > 1 ? _authority.NotAfter : from.AddDays(days).AddSeconds(-1), BitConverter.GetBytes(++_serial));
        var files = (Path.Combine(Folder, $"{name}.pem"), Path.Combine(Folder, $"{name}.key"));
        File.WriteAllText(files.Item1, certificate.ExportCertificatePem());
        File.WriteAllText(files.Item2, key.ExportPkcs8PrivateKeyPem());
        return files;
    }

    /// <summary>Makes a certificate, and the variables that give a node or roomctl the three files.</summary>
    public Dictionary<string, string> Variables(string name)
    {
        var (certificate, key) = Make(name);
        return new() { ["ROOMGRAINS_Cluster__TlsCertificate"] = certificate, ["ROOMGRAINS_Cluster__TlsKey"] = key, ["ROOMGRAINS_Cluster__TlsAuthority"] = AuthorityFile };
    }

    /// <summary>Deletes the files.</summary>
    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
