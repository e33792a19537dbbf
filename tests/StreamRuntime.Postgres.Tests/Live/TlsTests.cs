using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Certificates;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

public sealed class TlsTests(TlsServer server) : IClassFixture<TlsServer>
{
    private const string Plain = "[false, null, null]";
    private const string Encrypted = "[true, \"TLSv1.3\", null]";

    [Theory]
    [InlineData("disable", Plain)]
    [InlineData("allow", Plain)]
    [InlineData("prefer", Encrypted)]
    [InlineData("require", Encrypted)]
    public async Task Mode_WithoutRootCertificate_EncryptsAsItSays(string mode, string expected)
    {
        await using PostgresDataSource source = server.Source($"user=postgres sslmode={mode}");
        Assert.Equal(expected, await TlsServer.DescribeAsync(source));
    }

    [Theory]
    [InlineData("verify-ca", "host=127.0.0.1")]
    [InlineData("verify-full", "host=127.0.0.1")]
    [InlineData("verify-full", "host=localhost hostaddr=127.0.0.1")]
    [InlineData("verify-ca", "host=other.example hostaddr=127.0.0.1")]
    [InlineData("require", "host=other.example hostaddr=127.0.0.1")]
    public async Task Verifying_WithTheRightAuthority_LetsIn(string mode, string host)
    {
        await using PostgresDataSource source = server.Source($"user=postgres sslmode={mode} sslrootcert={server.Files.AuthorityFile} {host}");
        Assert.Equal(Encrypted, await TlsServer.DescribeAsync(source));
    }

    [Fact]
    public async Task VerifyFull_WithAnotherHostName_IsRefused()
    {
        await using PostgresDataSource source = server.Source(
            $"user=postgres sslmode=verify-full sslrootcert={server.Files.AuthorityFile} host=other.example hostaddr=127.0.0.1");
        await AssertRefusedAsync(source, ErrorKind.Tls);
    }

    [Theory]
    [InlineData("require")]
    [InlineData("verify-ca")]
    [InlineData("verify-full")]
    public async Task Verifying_WithAnotherAuthority_IsRefused(string mode)
    {
        using var other = new CertificateAuthority("Somebody else");
        string file = await WriteAsync("other.crt", other.CertificatePem);
        PostgresOptions options = server.Options($"user=postgres sslmode={mode} sslrootcert={server.Files.AuthorityFile}") with { SslRootCertificateFile = file };
        await using PostgresDataSource source = PostgresDataSource.Create(options);
        await AssertRefusedAsync(source, ErrorKind.Tls);
    }

    [Fact]
    public async Task VerifyFull_WithoutAnAuthorityFile_TrustsOnlyTheSystems()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options("user=postgres sslmode=require") with { SslMode = SslMode.VerifyFull });
        await AssertRefusedAsync(source, ErrorKind.Tls);
    }

    [Theory]
    [InlineData("plainonly", "prefer", Plain)]
    [InlineData("plainonly", "allow", Plain)]
    [InlineData("tlsonly", "allow", Encrypted)]
    [InlineData("tlsonly", "prefer", Encrypted)]
    public async Task Fallback_WhereTheRulesAllowOnlyOneKind_FindsIt(string role, string mode, string expected)
    {
        await using PostgresDataSource source = server.Source($"user={role} sslmode={mode}");
        Assert.Equal(expected, await TlsServer.DescribeAsync(source));
    }

    [Theory]
    [InlineData("plainonly", "require")]
    [InlineData("tlsonly", "disable")]
    public async Task NoFallback_WhereTheModeForbidsIt(string role, string mode)
    {
        await using PostgresDataSource source = server.Source($"user={role} sslmode={mode}");
        Assert.Equal("28000", (await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select 1"))).SqlState);
    }

    [Fact]
    public async Task ClientCertificate_LetsItsRoleIn()
    {
        string expected = $"[true, \"TLSv1.3\", \"/CN={PostgresTlsFiles.ClientRole}\"]";
        await using PostgresDataSource files = server.Source(
            $"user={PostgresTlsFiles.ClientRole} sslmode=require sslcert={server.Files.ClientCertificateFile} sslkey={server.Files.ClientKeyFile}");
        Assert.Equal(expected, await TlsServer.DescribeAsync(files));

        using X509Certificate2 certificate = server.Files.Authority.IssueClient(PostgresTlsFiles.ClientRole);
        await using PostgresDataSource made = PostgresDataSource.Create(
            server.Options($"user={PostgresTlsFiles.ClientRole} sslmode=require") with { ClientCertificate = certificate });
        Assert.Equal(expected, await TlsServer.DescribeAsync(made));

        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        string protectedKey = await WriteAsync(
            "protected.key", key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        string itsCertificate = await WriteAsync("protected.crt", certificate.ExportCertificatePem());
        await using PostgresDataSource withPassword = PostgresDataSource.Create(
            server.Options($"user={PostgresTlsFiles.ClientRole} sslmode=require")
                with { SslCertificateFile = itsCertificate, SslKeyFile = protectedKey, SslKeyPassword = "secret" });
        Assert.Equal(expected, await TlsServer.DescribeAsync(withPassword));
    }

    [Fact]
    public async Task ClientCertificate_MissingOrOfAnotherRoleOrAuthority_IsRefused()
    {
        await using PostgresDataSource none = server.Source($"user={PostgresTlsFiles.ClientRole} sslmode=require");
        Assert.Equal("28000", (await Assert.ThrowsAsync<PostgresServerException>(() => none.RowsAsync("select 1"))).SqlState);

        using X509Certificate2 other = server.Files.Authority.IssueClient("other");
        await using PostgresDataSource wrong = PostgresDataSource.Create(
            server.Options($"user={PostgresTlsFiles.ClientRole} sslmode=require") with { ClientCertificate = other });
        Assert.Equal("28000", (await Assert.ThrowsAsync<PostgresServerException>(() => wrong.RowsAsync("select 1"))).SqlState);

        using var authority = new CertificateAuthority("Somebody else");
        using X509Certificate2 forged = authority.IssueClient(PostgresTlsFiles.ClientRole);
        await using PostgresDataSource unknown = PostgresDataSource.Create(
            server.Options($"user={PostgresTlsFiles.ClientRole} sslmode=require") with { ClientCertificate = forged });
        await Assert.ThrowsAsync<StreamRuntimeException>(() => unknown.RowsAsync("select 1"));
    }

    [Theory]
    [InlineData("ssl_max_protocol_version=TLSv1.2", "TLSv1.2")]
    [InlineData("ssl_min_protocol_version=TLSv1.3", "TLSv1.3")]
    public async Task ProtocolVersion_IsHeld(string option, string version)
    {
        await using PostgresDataSource source = server.Source($"user=postgres sslmode=require {option}");
        Assert.Equal($"[true, \"{version}\", null]", await TlsServer.DescribeAsync(source));
    }

    [Fact]
    public async Task LongStream_WithTls_ArrivesWhole()
    {
        await using PostgresDataSource source = server.Source("user=postgres sslmode=require");
        await using JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(100_000));
        Assert.Equal(100_000, await stream.CountOnAsync(0));
    }

    [Fact]
    public async Task PauseAndEarlyDispose_WithTls_LeaveNothingRunning()
    {
        await using PostgresDataSource source = server.Source("user=postgres sslmode=require application_name=tlsdispose");
        JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(10_000_000));
        Assert.True(await stream.ReadBatchAsync());
        await stream.PauseAsync();
        await TestKit.Wait.UntilAsync(
            async () => await server.Cluster.PsqlAsync("select count(*) from pg_stat_activity where application_name = 'tlsdispose' and wait_event = 'ClientWrite'") == "1",
            TimeSpan.FromSeconds(20),
            "the server is held back");
        await stream.DisposeAsync();
        await TestKit.Wait.UntilAsync(
            async () => await server.Cluster.PsqlAsync("select count(*) from pg_stat_activity where application_name = 'tlsdispose' and state = 'active'") == "0",
            TimeSpan.FromSeconds(2),
            "no query is left running");
    }

    [Fact]
    public async Task ServerWithoutTls_IsUsedOnlyWhereTheModeAllowsIt()
    {
        await using PostgresCluster plain = await PostgresCluster.StartAsync();
        await using PostgresDataSource prefer = PostgresDataSource.Create($"{plain.ConnectionString} sslmode=prefer");
        Assert.Equal(Plain, await TlsServer.DescribeAsync(prefer));
        foreach (SslMode mode in (SslMode[])[SslMode.Require, SslMode.VerifyFull])
        {
            PostgresOptions options = server.Options("user=postgres sslmode=require");
            await using PostgresDataSource source = PostgresDataSource.Create(
                options with { SslMode = mode, Endpoints = [PostgresEndpoint.Tcp(PostgresCluster.Host, plain.Port)] });
            await AssertRefusedAsync(source, ErrorKind.Tls);
        }
    }

    private static async Task AssertRefusedAsync(PostgresDataSource source, ErrorKind kind)
    {
        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync("select 1"));
        Assert.Equal(kind, error.Kind);
    }

    private static async Task<string> WriteAsync(string name, string text)
    {
        string file = Path.Combine(TestFolder.Create("tls"), name);
        await File.WriteAllTextAsync(file, text);
        return file;
    }
}
