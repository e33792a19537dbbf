using System.Net;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary><c>streamrt serve</c> over a real PostgreSQL.</summary>
public sealed class ServePostgresTests : IAsyncLifetime
{
    private const string Ours = "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";

    private PostgresCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _cluster = await PostgresCluster.StartAsync();
        await _cluster.PsqlAsync("create table t as select id, json_build_object('id', id, 'text', 'zeile ' || id || ' ä') as data from generate_series(1, 20000) as id");
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Endpoint_WithAPlaceholder_TakesItFromTheClient()
    {
        await using ServedProgram served = await ServedProgram.StartAsync(
            "--source", _cluster.Uri, "--endpoint", "after=select data from t where id > :id order by id", "--endpoint", "all=select data from t order by id");

        Assert.Equal(await _cluster.PsqlBytesAsync("select data from t order by id"), await served.Http.GetByteArrayAsync(new Uri("rows/all", UriKind.Relative)));
        Assert.Equal(
            await _cluster.PsqlBytesAsync("select data from t where id > 19990 order by id"), await served.Http.GetByteArrayAsync(new Uri("rows/after?id=19990", UriKind.Relative)));
        Assert.Equal(HttpStatusCode.BadRequest, (await served.Http.GetAsync(new Uri("rows/after", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await served.Http.GetAsync(new Uri("rows/after?id=one", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await served.Http.GetAsync(new Uri("rows/after?id=1&sql=drop", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Terminate_LeavesNothingOnTheServer()
    {
        await using ServedProgram served = await ServedProgram.StartAsync(
            "--source", _cluster.Uri, "--endpoint", "endless=select json_build_object('id', id) from (select generate_series(1, 1000000000) as id) as ids", "--drain-time", "200ms");
        List<HttpResponseMessage> responses = [];
        for (int i = 0; i < 5; i++)
        {
            responses.Add(await served.Http.GetAsync(new Uri("rows/endless", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead));
        }

        Assert.Equal("5", await _cluster.PsqlAsync(Ours));
        Assert.Equal(0, await served.StopAsync());

        await Wait.UntilAsync(async () => await _cluster.PsqlAsync(Ours) == "0", Streamrt.Limit, "the server has no connection of ours");
        foreach (HttpResponseMessage response in responses)
        {
            response.Dispose();
        }
    }
}
