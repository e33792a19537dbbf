using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Tests.Configuration;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Certificates;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

public sealed class AuthenticationTests(TlsServer server) : IClassFixture<TlsServer>
{
    [Theory]
    [InlineData("sslmode=disable")]
    [InlineData("sslmode=disable channel_binding=disable")]
    [InlineData("sslmode=require channel_binding=disable")]
    [InlineData("sslmode=require channel_binding=prefer")]
    [InlineData("sslmode=require channel_binding=require")]
    [InlineData("sslmode=require channel_binding=require ssl_max_protocol_version=TLSv1.2")]
    [InlineData("sslmode=prefer channel_binding=require require_auth=scram-sha-256")]
    public async Task Scram_WithTheRightPassword_LetsIn(string options)
    {
        await using PostgresDataSource source = server.Source($"user=scram password='{TlsServer.Password}' {options}");
        Assert.Equal("""{"current_user":"scram"}""", await source.RowAsync("select current_user"));
        await Wait.UntilAsync(
            () => server.Cluster.ServerLog.Contains("identity=\"scram\" method=scram-sha-256", StringComparison.Ordinal),
            TimeSpan.FromSeconds(20),
            "the server's log names the method");
    }

    [Theory]
    [InlineData("SHA384")]
    [InlineData("SHA512")]
    public async Task ChannelBinding_WithAnotherSignatureHash_LetsIn(string hash)
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions
        {
            Tls = true,
            Roles = [new("bound", "word")],
            HostBasedAuthentication = ["hostssl all bound 127.0.0.1/32 scram-sha-256"],
        });
        using (X509Certificate2 certificate = cluster.Tls!.Authority.IssueServer(new HashAlgorithmName(hash)))
        {
            await File.WriteAllTextAsync(cluster.Tls.ServerCertificateFile, certificate.ExportCertificatePem());
            using ECDsa key = certificate.GetECDsaPrivateKey()!;
            await File.WriteAllTextAsync(cluster.Tls.ServerKeyFile, key.ExportPkcs8PrivateKeyPem());
        }

        await cluster.RestartAsync();
        await using PostgresDataSource source = PostgresDataSource.Create(
            $"host=127.0.0.1 port={cluster.Port} user=bound password=word dbname=postgres sslmode=require channel_binding=require");
        Assert.Equal("""{"current_user":"bound"}""", await source.RowAsync("select current_user"));
    }

    [Theory]
    [InlineData("scram", "sslmode=disable")]
    [InlineData("scram", "sslmode=require channel_binding=require")]
    [InlineData("old", "require_auth=md5")]
    [InlineData("clear", "require_auth=password")]
    public async Task WrongPassword_IsTheServersError(string role, string options)
    {
        await using PostgresDataSource source = server.Source($"user={role} password=wrong {options}");
        var error = await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select 1"));
        Assert.Equal("28P01", error.SqlState);
        Assert.DoesNotContain("wrong", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("old", "")]
    [InlineData("old", "require_auth=scram-sha-256")]
    [InlineData("old", "require_auth=password")]
    [InlineData("clear", "")]
    [InlineData("clear", "require_auth=md5")]
    [InlineData("clear", "sslmode=require")]
    [InlineData("old", "require_auth=md5 sslmode=require channel_binding=require")]
    [InlineData("tlsonly", "require_auth=scram-sha-256 sslmode=require")]
    [InlineData("tlsonly", "sslmode=require channel_binding=require")]
    [InlineData("scram", "require_auth=md5,password")]
    public async Task Method_ThatIsNotAllowed_IsRefusedBeforeAPasswordIsSent(string role, string options)
    {
        await using PostgresDataSource source = server.Source($"user={role} password=word {options}");
        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync("select 1"));
        Assert.Equal(ErrorKind.Authentication, error.Kind);
        Assert.DoesNotContain("=word", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("old", "md5")]
    [InlineData("old", "scram-sha-256,md5")]
    [InlineData("clear", "password")]
    [InlineData("tlsonly", "none")]
    public async Task Method_ThatIsAllowedByName_LetsIn(string role, string methods)
    {
        await using PostgresDataSource source = server.Source($"user={role} password=word require_auth={methods}");
        Assert.Equal($$"""{"current_user":"{{role}}"}""", await source.RowAsync("select current_user"));
    }

    [Fact]
    public async Task MissingPassword_SaysSo()
    {
        await using PostgresDataSource source = server.Source("user=scram");
        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync("select 1"));
        Assert.Equal(ErrorKind.Authentication, error.Kind);
        Assert.Contains("none was given", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PasswordFile_OnlyItsOwnerReads_IsUsed()
    {
        string file = Path.Combine(TestFolder.Create("pass"), "pgpass");
        await File.WriteAllTextAsync(file, $"127.0.0.1:{server.Cluster.Port}:*:scram:{TlsServer.Password}\n");
        string text = $"host=127.0.0.1 port={server.Cluster.Port} dbname=postgres user=scram sslmode=disable passfile={file}";

        await CommandLine.RunAsync("chmod", ["600", file]);
        await using PostgresDataSource source = PostgresDataSource.Create(text);
        Assert.Equal("""{"current_user":"scram"}""", await source.RowAsync("select current_user"));

        await CommandLine.RunAsync("chmod", ["640", file]);
        await using PostgresDataSource shared = PostgresDataSource.Create(text);
        Assert.Equal(ErrorKind.Authentication, (await Assert.ThrowsAsync<StreamRuntimeException>(() => shared.RowsAsync("select 1"))).Kind);
        Assert.Contains(file, Assert.Single(shared.Options.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variables_AloneLeadToTheServer()
    {
        var surroundings = new FakeSurroundings
        {
            Variables =
            {
                ["PGHOST"] = "127.0.0.1",
                ["PGPORT"] = $"{server.Cluster.Port}",
                ["PGUSER"] = "scram",
                ["PGPASSWORD"] = TlsServer.Password,
                ["PGDATABASE"] = "postgres",
                ["PGSSLMODE"] = "require",
                ["PGAPPNAME"] = "from the environment",
                ["PGOPTIONS"] = "-c work_mem=7MB",
                ["PGTZ"] = "Asia/Tokyo",
            },
        };
        await using PostgresDataSource source = PostgresDataSource.Create(surroundings.Parse(""));
        Assert.Equal(
            """{"a":"from the environment","w":"7MB","z":"Asia/Tokyo"}""",
            await source.RowAsync("select current_setting('application_name') as a, current_setting('work_mem') as w, current_setting('timezone') as z"));
    }

    [Fact]
    public async Task UnixSocket_AsksForAPasswordOrTrusts_AsTheRulesSay()
    {
        string socket = $"host={server.Cluster.SocketDirectory} port={server.Cluster.Port} dbname=postgres";
        await using PostgresDataSource trusted = PostgresDataSource.Create($"{socket} user=postgres");
        Assert.Equal("""{"current_user":"postgres"}""", await trusted.RowAsync("select current_user"));

        // TLS options do not matter there, as with libpq.
        await using PostgresDataSource scram = PostgresDataSource.Create($"{socket} user=scram password='{TlsServer.Password}' sslmode=require");
        Assert.Equal("""{"current_user":"scram"}""", await scram.RowAsync("select current_user"));

        await using PostgresDataSource wrong = PostgresDataSource.Create($"{socket} user=scram password=wrong");
        Assert.Equal("28P01", (await Assert.ThrowsAsync<PostgresServerException>(() => wrong.RowsAsync("select 1"))).SqlState);
    }

    [Fact]
    public async Task Uri_LeadsToTheServer()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(
            ConnectionString.Parse($"postgres://scram:{Uri.EscapeDataString(TlsServer.Password)}@127.0.0.1:{server.Cluster.Port}/postgres?sslmode=require&channel_binding=require"));
        Assert.Equal("""{"current_user":"scram"}""", await source.RowAsync("select current_user"));
    }
}
