using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.TestKit.Tests.Servers;

public sealed class PostgresClusterTests
{
    [Fact]
    public async Task Start_ByDefault_AnswersAndGoesWhenDisposed()
    {
        string folder;
        int processId;
        await using (PostgresCluster cluster = await PostgresCluster.StartAsync())
        {
            folder = cluster.SocketDirectory;
            processId = cluster.ProcessId;
            Assert.Equal("1\n2", await cluster.PsqlAsync("select generate_series(1, 2)"));
            Assert.Equal("a\n"u8.ToArray(), await cluster.PsqlBytesAsync("select 'a'"));
            Assert.Equal(0, await cluster.CountActiveQueriesAsync());
            Assert.Empty(await cluster.ListConnectionsAsync());
        }

        Assert.False(Directory.Exists(folder));
        Assert.False(Directory.Exists($"/proc/{processId}"));
    }

    [Fact]
    public async Task ListConnections_ClientWithRows_CountsItsBytesAndItsQuery()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        await using ChildProcess client = await ChildProcess.StartAsync(
            "psql",
            ["-XAt", cluster.ConnectionString, "-c", "select repeat('x', 50000)", "-c", "select pg_sleep(60)"],
            cluster.SocketDirectory,
            ServerAccount.Ours,
            UnixSignal.Kill);

        await Wait.UntilAsync(
            async () => await cluster.ListConnectionsAsync() is [{ SentBytes: > 50_000, QueuedBytes: 0, ClientPort: > 0 }] && await cluster.CountActiveQueriesAsync() == 1,
            TimeSpan.FromSeconds(20),
            "one client has its rows and runs its second query");
    }

    [Fact]
    public async Task Psql_WrongStatement_ThrowsItsMessage()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        InvalidOperationException e = await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.PsqlAsync("select nowhere"));
        Assert.Contains("column \"nowhere\" does not exist", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WrongSetting_ThrowsTheLog()
    {
        InvalidOperationException e = await Assert.ThrowsAsync<InvalidOperationException>(
            () => PostgresCluster.StartAsync(new PostgresClusterOptions { Settings = ["no_such_setting = 1"] }));
        Assert.Contains("no_such_setting", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PostgresStopMode.Smart)]
    [InlineData(PostgresStopMode.Fast)]
    [InlineData(PostgresStopMode.Immediate)]
    [InlineData(PostgresStopMode.Kill)]
    public async Task Restart_AnyMode_KeepsPortAndServesAgain(PostgresStopMode mode)
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        int port = cluster.Port;
        int processId = cluster.ProcessId;

        await cluster.RestartAsync(mode);

        Assert.Equal(port, cluster.Port);
        Assert.NotEqual(processId, cluster.ProcessId);
        Assert.Equal("1", await cluster.PsqlAsync("select 1"));
    }

    [Fact]
    public async Task Start_WithTlsAndRoles_ServesThem()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions
        {
            Tls = true,
            Roles = [new("scram", "it's"), new("old \"md5\"", "word", "md5"), new("bare")],
            HostBasedAuthentication = ["hostssl all all 127.0.0.1/32 scram-sha-256"],
        });

        Assert.Equal("on", await cluster.PsqlAsync("show ssl"));
        Assert.Equal(
            "bare|none\nold \"md5\"|md5\nscram|SCRAM-SHA",
            await cluster.PsqlAsync("select rolname, coalesce(substring(rolpassword from '^(md5|SCRAM-SHA)'), 'none') from pg_authid where rolcanlogin and not rolsuper order by 1"));
    }

    [Fact]
    public async Task Start_AsStandby_IsInRecovery()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions { Standby = true });
        Assert.Equal("t", await cluster.PsqlAsync("select pg_is_in_recovery()"));
    }

    [Fact]
    public async Task Start_OfAPrimary_FollowsItAndTakesItsPlace()
    {
        await using PostgresCluster primary = await PostgresCluster.StartAsync();
        await primary.PsqlAsync("create table copied as select 1 as i");
        await using PostgresCluster standby = await PostgresCluster.StartAsync(new PostgresClusterOptions { Primary = primary });
        Assert.Equal("t", await standby.PsqlAsync("select pg_is_in_recovery()"));
        await primary.PsqlAsync("insert into copied values (2)");
        await Wait.UntilAsync(
            async () => await standby.PsqlAsync("select sum(i) from copied") == "3", TimeSpan.FromSeconds(20), "the standby has what was written since");

        await primary.StopAsync(PostgresStopMode.Kill);
        await standby.PromoteAsync();

        await standby.PsqlAsync("insert into copied values (3)");
        Assert.Equal("6", await standby.PsqlAsync("select sum(i) from copied"));
    }

    [Fact]
    public async Task Start_SeveralAtOnce_AllServe()
    {
        PostgresCluster[] clusters = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => PostgresCluster.StartAsync()));
        foreach (PostgresCluster cluster in clusters)
        {
            await using (cluster)
            {
                Assert.Equal("1", await cluster.PsqlAsync("select 1"));
            }
        }
    }
}
