using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

public sealed class HostsTests(HostsTests.Pair pair) : IClassFixture<HostsTests.Pair>
{
    [Theory]
    [InlineData("any", false, false)]
    [InlineData("any", true, true)]
    [InlineData("read-write", true, false)]
    [InlineData("primary", true, false)]
    [InlineData("read-only", false, true)]
    [InlineData("standby", false, true)]
    [InlineData("prefer-standby", false, true)]
    [InlineData("prefer-standby", true, true)]
    public async Task TargetSessionAttributes_ChooseTheServerTheyName(string wanted, bool standbyFirst, bool standbyChosen)
    {
        int[] ports = standbyFirst ? [pair.StandbyPort, pair.Primary.Port] : [pair.Primary.Port, pair.StandbyPort];
        await using PostgresDataSource source = Source(ports, $"target_session_attrs={wanted}");
        Assert.Equal($"{{\"s\":{(standbyChosen ? "true" : "false")}}}", await source.RowAsync("select pg_is_in_recovery() as s"));
    }

    [Theory]
    [InlineData("read-write", true)]
    [InlineData("primary", true)]
    [InlineData("standby", false)]
    [InlineData("read-only", false)]
    public async Task TargetSessionAttributes_NoServerHas_FailNamingThem(string wanted, bool onlyStandby)
    {
        await using PostgresDataSource source = Source([onlyStandby ? pair.StandbyPort : pair.Primary.Port], $"target_session_attrs={wanted}");
        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync("select 1"));
        Assert.Equal(ErrorKind.ConnectFailed, error.Kind);
        Assert.Contains("target_session_attrs", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PreferStandby_WithoutOne_TakesThePrimary()
    {
        await using PostgresDataSource source = Source([pair.Primary.Port], "target_session_attrs=prefer-standby");
        Assert.Equal("""{"s":false}""", await source.RowAsync("select pg_is_in_recovery() as s"));
    }

    [Fact]
    public async Task ReadOnly_OnAPrimaryWhoseDefaultIsReadOnly_IsAccepted()
    {
        await using PostgresDataSource readOnly = Source([pair.Primary.Port], "target_session_attrs=read-only options='-c default_transaction_read_only=on'");
        Assert.Equal("""{"s":false}""", await readOnly.RowAsync("select pg_is_in_recovery() as s"));
        await using PostgresDataSource readWrite = Source([pair.Primary.Port], "target_session_attrs=read-write options='-c default_transaction_read_only=on'");
        Assert.Equal(ErrorKind.ConnectFailed, (await Assert.ThrowsAsync<StreamRuntimeException>(() => readWrite.RowsAsync("select 1"))).Kind);
    }

    [Fact]
    public async Task Standby_StreamsWhatThePrimaryWrote()
    {
        await pair.Primary.PsqlAsync("drop table if exists copied; create table copied as select json_build_object('i', i, 'pad', '') as data from generate_series(1, 10000) i");
        await using PostgresDataSource source = Source([pair.StandbyPort], "");
        await Wait.UntilAsync(
            async () => await source.RowAsync("select to_regclass('copied') is not null as s") == """{"s":true}""", TimeSpan.FromSeconds(20), "the standby has caught up");
        await using Streams.JsonRowStream stream = await source.StreamTextAsync("select data from copied");
        Assert.Equal(10_000, await stream.CountOnAsync(0));
    }

    [Fact]
    public async Task Standby_KeepsStatementsAndResetsItsSessions()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(Options([pair.StandbyPort], "") with { PrepareThreshold = 1 });
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal($"{{\"n\":{(i == 0 ? 0 : 1)}}}", await source.RowAsync("select count(*)::int as n from pg_prepared_statements where name not like '%reset%'"));
        }

        Assert.Equal(1, source.GetPoolStatistics().Opened);
    }

    [Fact]
    public async Task FirstHost_RefusingTheConnection_IsPassedOver()
    {
        await using PostgresDataSource source = Source([ClosedPort(), pair.Primary.Port], "");
        Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
    }

    [Fact]
    public async Task FirstHost_Silent_IsPassedOverAfterTheConnectTimeout()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        PostgresOptions options = Options([((IPEndPoint)silent.LocalEndpoint).Port, pair.Primary.Port], "") with { ConnectTimeout = TimeSpan.FromMilliseconds(500) };
        await using PostgresDataSource source = PostgresDataSource.Create(options);
        Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
    }

    [Fact]
    public async Task EveryHost_Dead_FailsSayingWhyForEach()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        int silentPort = ((IPEndPoint)silent.LocalEndpoint).Port;
        int closedPort = ClosedPort();
        await using PostgresDataSource source = PostgresDataSource.Create(
            Options([closedPort, silentPort], "") with { ConnectTimeout = TimeSpan.FromMilliseconds(300) });
        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync("select 1"));
        Assert.Equal((ErrorKind.ConnectFailed, true), (error.Kind, error.IsTransient));
        Assert.Contains(closedPort.ToString(CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
        Assert.Contains(silentPort.ToString(CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OnlyHost_Silent_IsATimeout()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using PostgresDataSource source = PostgresDataSource.Create(
            Options([((IPEndPoint)silent.LocalEndpoint).Port], "") with { ConnectTimeout = TimeSpan.FromMilliseconds(300) });
        Assert.Equal(ErrorKind.Timeout, (await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync("select 1"))).Kind);
    }

    [Fact]
    public async Task Token_WhileConnecting_ThrowsCanceled()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using PostgresDataSource source = Source([((IPEndPoint)silent.LocalEndpoint).Port], "");
        using var cancel = new CancellationTokenSource();
        Task start = source.StreamTextAsync("select 1", null, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
    }

    [Fact]
    public async Task WrongPassword_EndsTheSearch()
    {
        // The second server would let anybody in.
        await using PostgresDataSource source = PostgresDataSource.Create(
            Options([pair.Primary.Port, pair.StandbyPort], "user=guarded password=wrong"));
        Assert.Equal("28P01", (await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select 1"))).SqlState);

        await using PostgresDataSource right = PostgresDataSource.Create(Options([pair.Primary.Port], "user=guarded password=word"));
        Assert.Equal("""{"current_user":"guarded"}""", await right.RowAsync("select current_user"));
        await using PostgresDataSource trusted = PostgresDataSource.Create(Options([pair.StandbyPort], "user=guarded"));
        Assert.Equal("""{"current_user":"guarded"}""", await trusted.RowAsync("select current_user"));
    }

    private static PostgresDataSource Source(int[] ports, string more) => PostgresDataSource.Create(Options(ports, more));

    private static PostgresOptions Options(int[] ports, string more) => ConnectionString.Parse(
        $"host={string.Join(',', ports.Select(_ => PostgresCluster.Host))} port={string.Join(',', ports)} dbname=postgres user=postgres {more}");

    private static int ClosedPort()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return port;
    }

    /// <summary>A primary and a hot standby that streams from it.</summary>
    public sealed class Pair : IAsyncLifetime
    {
        private PostgresCluster? _primary;
        private PostgresCluster? _standby;

        public PostgresCluster Primary => _primary ?? throw new InvalidOperationException("The primary was not started.");

        public int StandbyPort => (_standby ?? throw new InvalidOperationException("The standby was not started.")).Port;

        public async Task InitializeAsync()
        {
            _primary = await PostgresCluster.StartAsync(new PostgresClusterOptions
            {
                Roles = [new("guarded", "word")],
                HostBasedAuthentication = ["host all guarded 127.0.0.1/32 scram-sha-256", "host all all 127.0.0.1/32 trust"],
            });
            _standby = await PostgresCluster.StartAsync(new PostgresClusterOptions { Primary = _primary });
        }

        public async Task DisposeAsync()
        {
            if (_standby is not null)
            {
                await _standby.DisposeAsync();
            }

            if (_primary is not null)
            {
                await _primary.DisposeAsync();
            }
        }
    }
}
