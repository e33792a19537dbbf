using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace StreamRuntime.TestKit.Certificates;

/// <summary>A certificate authority in memory, for TLS tests. Its certificates are valid from yesterday for a year.</summary>
public sealed class CertificateAuthority : IDisposable
{
    private readonly X509Certificate2 _root;

    /// <summary>Makes the authority's key and certificate.</summary>
    /// <param name="name">Its common name.</param>
    public CertificateAuthority(string name = "StreamRuntime test authority")
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        _root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(365));
    }

    /// <summary>The authority's certificate, PEM.</summary>
    public string CertificatePem => _root.ExportCertificatePem();

    /// <summary>Makes a server's certificate with its private key.</summary>
    /// <param name="names">Host names and addresses; localhost, 127.0.0.1 and ::1 when none are given.</param>
    public X509Certificate2 IssueServer(params string[] names) => IssueServer(HashAlgorithmName.SHA256, names);

    /// <summary>Makes a server's certificate, signed with the given hash (channel binding depends on it).</summary>
    /// <param name="signatureHash">The signature's hash.</param>
    /// <param name="names">Host names and addresses; localhost, 127.0.0.1 and ::1 when none are given.</param>
    public X509Certificate2 IssueServer(HashAlgorithmName signatureHash, params string[] names)
    {
        if (names.Length == 0)
        {
            names = ["localhost", "127.0.0.1", "::1"];
        }

        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        return Issue(names[0], "1.3.6.1.5.5.7.3.1", alternatives.Build(), signatureHash);
    }

    /// <summary>Makes a client's certificate with its private key.</summary>
    /// <param name="commonName">The role to log in as.</param>
    public X509Certificate2 IssueClient(string commonName) => Issue(commonName, "1.3.6.1.5.5.7.3.2", alternatives: null, HashAlgorithmName.SHA256);

    /// <summary>Writes a certificate and its key as PEM files, the key readable by its owner only.</summary>
    public static void Write(X509Certificate2 certificate, string certificateFile, string keyFile)
    {
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        using ECDsa key = certificate.GetECDsaPrivateKey() ?? throw new ArgumentException("The certificate has no key.", nameof(certificate));
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <inheritdoc/>
    public void Dispose() => _root.Dispose();

    private X509Certificate2 Issue(string commonName, string usage, X509Extension? alternatives, HashAlgorithmName hash)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, hash);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        if (alternatives is not null)
        {
            request.CertificateExtensions.Add(alternatives);
        }

        using X509Certificate2 signed = request.Create(_root, _root.NotBefore, _root.NotAfter, RandomNumberGenerator.GetBytes(16));
        return signed.CopyWithPrivateKey(key);
    }
}
