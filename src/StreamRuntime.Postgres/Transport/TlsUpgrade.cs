using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StreamRuntime.Postgres.Authentication;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Turns a fresh connection into an encrypted stream, as the options demand.</summary>
/// <remarks>All that names the framework's TLS is in here, so that a program whose connections are not encrypted never loads it.</remarks>
internal static class TlsUpgrade
{
    // Made when asked for: as a field of its own type it would have to be loaded with this class, by whoever only calls it.
    private static SslApplicationProtocol PostgresProtocol => new("postgresql");

    /// <summary>Sets TLS up on a connection whose server has agreed to it, or is not asked (<see cref="TlsRequest"/>).</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Tls"/>: TLS failed.</exception>
    public static async Task<Stream> UpgradeAsync(Stream plain, PostgresOptions options, PostgresEndpoint endpoint, CancellationToken cancellationToken)
    {
        var tls = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(CreateOptions(options, endpoint), cancellationToken).ConfigureAwait(false);
            if (options.SslDirect && tls.NegotiatedApplicationProtocol != PostgresProtocol)
            {
                // As libpq: without it, what we talk to may be another protocol's server with a certificate for the same name.
                throw Failed(endpoint, "the server did not agree to speak PostgreSQL (ALPN), which sslnegotiation=direct demands", null);
            }

            return tls;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or InvalidOperationException or CryptographicException)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw Failed(endpoint, failure.Message, failure);
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>What SCRAM may bind to; null where binding is not possible.</summary>
    /// <param name="encrypted">What <see cref="UpgradeAsync"/> gave.</param>
    public static byte[]? GetChannelBindingData(Stream encrypted)
    {
        if (((SslStream)encrypted).RemoteCertificate is not { } remote)
        {
            return null;
        }

        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(remote.GetRawCertData());
        return ChannelBindingData.FromCertificate(certificate);
    }

    private static SslClientAuthenticationOptions CreateOptions(PostgresOptions options, PostgresEndpoint endpoint)
    {
        var tls = new SslClientAuthenticationOptions
        {
            TargetHost = endpoint.Host,
            EnabledSslProtocols = options.TlsVersions,

            // A certificate may name an address to fetch others from. Fetching would let any server send us there, and wait for as long as that takes.
            CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
        };
        if (options.SslDirect)
        {
            tls.ApplicationProtocols = [PostgresProtocol];
        }

        X509Certificate2Collection? roots = LoadRoots(options);
        if (roots is not null)
        {
            tls.CertificateChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        if (LoadClientCertificate(options) is { } certificate)
        {
            tls.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        }

        // With a root certificate file, libpq checks the authority even under "require"; without one only the verifying modes check.
        SslPolicyErrors tolerated = options.SslMode switch
        {
            SslMode.VerifyFull => SslPolicyErrors.None,
            SslMode.VerifyCa => SslPolicyErrors.RemoteCertificateNameMismatch,
            SslMode.Require when roots is not null => SslPolicyErrors.RemoteCertificateNameMismatch,
            _ => SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateChainErrors,
        };
#pragma warning disable CA5359 // What may be tolerated is decided above, by sslmode; a missing certificate never is.
        tls.RemoteCertificateValidationCallback = (_, certificate, _, errors) => certificate is not null && (errors & ~tolerated) == SslPolicyErrors.None;
#pragma warning restore CA5359
        return tls;
    }

    private static X509Certificate2Collection? LoadRoots(PostgresOptions options)
    {
        if (options.SslRootCertificateFile is not { Length: > 0 } file || file == PostgresOptions.SystemRoots || options.SslMode < SslMode.Require)
        {
            return null;
        }

        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StreamRuntimeException(ErrorKind.Tls, $"The root certificate file '{file}' (sslrootcert) can't be read: {failure.Message}", failure);
        }

        return roots.Count > 0
            ? roots
            : throw new StreamRuntimeException(ErrorKind.Tls, $"The root certificate file '{file}' (sslrootcert) holds no certificate.");
    }

    private static X509Certificate2? LoadClientCertificate(PostgresOptions options)
    {
        if (options.ClientCertificate is not null || options.SslCertificateFile is not { Length: > 0 } file)
        {
            return options.ClientCertificate;
        }

        try
        {
            string? key = options.SslKeyFile is { Length: > 0 } keyFile ? keyFile : null;
            return string.IsNullOrEmpty(options.SslKeyPassword)
                ? X509Certificate2.CreateFromPemFile(file, key)
                : X509Certificate2.CreateFromEncryptedPemFile(file, options.SslKeyPassword, key);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new StreamRuntimeException(
                ErrorKind.Tls, $"The client certificate '{file}' (sslcert, sslkey) can't be read: {failure.Message}", failure);
        }
    }

    private static StreamRuntimeException Failed(PostgresEndpoint endpoint, string why, Exception? cause) =>
        new(ErrorKind.Tls, $"TLS with {endpoint} failed: {why}", cause);
}
