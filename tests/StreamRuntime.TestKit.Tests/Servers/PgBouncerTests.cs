using System.Text;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.TestKit.Tests.Servers;

public sealed class PgBouncerTests
{
    [Theory]
    [InlineData(PgBouncerMode.Session, "session")]
    [InlineData(PgBouncerMode.Transaction, "transaction")]
    public async Task Start_EitherMode_PassesQueriesOn(PgBouncerMode mode, string name)
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        await using PgBouncer bouncer = await PgBouncer.StartAsync(cluster, new PgBouncerOptions { Mode = mode });

        Assert.Equal($"{cluster.Port}\n", await PsqlAsync(bouncer.ConnectionString, "show port"));
        Assert.Contains(
            $"pool_mode|{name}|",
            await PsqlAsync(bouncer.ConnectionString.Replace("dbname=postgres", "dbname=pgbouncer", StringComparison.Ordinal), "show config"),
            StringComparison.Ordinal);
    }

    private static async Task<string> PsqlAsync(string connection, string sql) =>
        Encoding.UTF8.GetString(await CommandLine.RunAsync("psql", ["-XAtc", sql, connection]));
}
