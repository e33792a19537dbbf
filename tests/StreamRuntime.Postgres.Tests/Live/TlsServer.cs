using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Tests.Configuration;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>A real PostgreSQL with TLS, where each role shows one way to get in.</summary>
public sealed class TlsServer : IAsyncLifetime
{
    public const string Password = "pä\u00a0ss wörd";

    private PostgresCluster? _cluster;

    public PostgresCluster Cluster => _cluster ?? throw new InvalidOperationException("The server was not started.");

    public PostgresTlsFiles Files => Cluster.Tls ?? throw new InvalidOperationException("The server has no TLS.");

    public async Task InitializeAsync() => _cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions
    {
        Tls = true,
        Settings = ["log_connections = on"],
        Roles =
        [
            new("scram", Password),
            new("scramtls", Password),
            new("old", "word", "md5"),
            new("clear", "word"),
            new("plainonly"),
            new("tlsonly"),
            new(PostgresTlsFiles.ClientRole),
        ],
        HostBasedAuthentication =
        [
            "host all scram 127.0.0.1/32 scram-sha-256",
            "hostssl all scramtls 127.0.0.1/32 scram-sha-256",
            "host all old 127.0.0.1/32 md5",
            "host all clear 127.0.0.1/32 password",
            "hostnossl all plainonly 127.0.0.1/32 trust",
            "hostssl all tlsonly 127.0.0.1/32 trust",
            $"hostssl all {PostgresTlsFiles.ClientRole} 127.0.0.1/32 cert",
            "host all postgres 127.0.0.1/32 trust",
            "local all all scram-sha-256",
        ],
    });

    public async Task DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }

    /// <summary>A source that knows nothing of the developer's own variables, certificates and password file.</summary>
    public PostgresDataSource Source(string more) => PostgresDataSource.Create(Options(more));

    public PostgresOptions Options(string more)
    {
        var surroundings = new FakeSurroundings();
        foreach (string file in (string[])[Files.AuthorityFile, Files.ClientCertificateFile, Files.ClientKeyFile, Files.ServerCertificateFile])
        {
            surroundings.Files[file] = "";
        }

        return surroundings.Parse($"host=127.0.0.1 port={Cluster.Port} dbname=postgres {more}");
    }

    /// <summary>What the server says of the connection: TLS or not, its version, and whose certificate the client showed.</summary>
    public static async Task<string> DescribeAsync(PostgresDataSource source) => await source.RowAsync(
        "select json_build_array(ssl, version, client_dn) from pg_stat_ssl where pid = pg_backend_pid()");
}
