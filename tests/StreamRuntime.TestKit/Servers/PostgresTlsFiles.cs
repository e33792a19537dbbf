using System.Security.Cryptography.X509Certificates;
using StreamRuntime.TestKit.Certificates;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.TestKit.Servers;

/// <summary>The PEM files of a cluster with TLS.</summary>
public sealed class PostgresTlsFiles : IDisposable
{
    private PostgresTlsFiles(string folder)
    {
        AuthorityFile = Path.Combine(folder, "ca.crt");
        ServerCertificateFile = Path.Combine(folder, "server.crt");
        ServerKeyFile = Path.Combine(folder, "server.key");
        ClientCertificateFile = Path.Combine(folder, "client.crt");
        ClientKeyFile = Path.Combine(folder, "client.key");
    }

    /// <summary>Issues further certificates the server trusts.</summary>
    public CertificateAuthority Authority { get; } = new();

    /// <summary>The authority's certificate: <c>sslrootcert</c>.</summary>
    public string AuthorityFile { get; }

    /// <summary>The server's certificate, for localhost, 127.0.0.1 and ::1.</summary>
    public string ServerCertificateFile { get; }

    /// <summary>The server's key.</summary>
    public string ServerKeyFile { get; }

    /// <summary>A certificate for the role <see cref="ClientRole"/>: <c>sslcert</c>.</summary>
    public string ClientCertificateFile { get; }

    /// <summary>Its key: <c>sslkey</c>.</summary>
    public string ClientKeyFile { get; }

    /// <summary>The role the client certificate is made out to.</summary>
    public static string ClientRole => "certified";

    /// <inheritdoc/>
    public void Dispose() => Authority.Dispose();

    internal static async Task<PostgresTlsFiles> CreateAsync(string folder)
    {
        var files = new PostgresTlsFiles(folder);
        await File.WriteAllTextAsync(files.AuthorityFile, files.Authority.CertificatePem);
        using X509Certificate2 server = files.Authority.IssueServer();
        CertificateAuthority.Write(server, files.ServerCertificateFile, files.ServerKeyFile);
        using X509Certificate2 client = files.Authority.IssueClient(ClientRole);
        CertificateAuthority.Write(client, files.ClientCertificateFile, files.ClientKeyFile);
        await ServerAccounts.GiveAsync(files.ServerKeyFile);
        return files;
    }
}
