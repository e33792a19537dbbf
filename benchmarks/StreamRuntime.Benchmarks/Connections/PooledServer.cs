using Npgsql;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Connections;
using StreamRuntime.Postgres;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Connections;

/// <summary>A live server of this process, and pools of connections to it. It ends with the process.</summary>
internal static class PooledServer
{
    private static readonly Lazy<ServerAddress> s_address = new(Start);

    private static ServerAddress Address => s_address.Value;

    /// <summary>The pool inside of a <see cref="PostgresDataSource"/>, with its connections.</summary>
    public static ConnectionPool<PostgresConnection> Pool()
    {
        PostgresOptions options = ConnectionString.Parse(Address.Library);
        var hosts = new HostSelector(options);
        return new ConnectionPool<PostgresConnection>(token => new ValueTask<PostgresConnection>(hosts.OpenAsync(token)), options.Pool);
    }

    public static PostgresDataSource Ours(bool resetsSessions) =>
        PostgresDataSource.Create(ConnectionString.Parse(Address.Library) with { ResetsSessions = resetsSessions });

    public static NpgsqlDataSource Npgsql(bool resetsSessions) =>
        NpgsqlDataSource.Create(Address.Npgsql + (resetsSessions ? "" : ";No Reset On Close=true"));

    private static ServerAddress Start() =>
        new(PostgresCluster.Host, PostgresCluster.StartAsync().GetAwaiter().GetResult().Port, HasCatalogs: true);
}
