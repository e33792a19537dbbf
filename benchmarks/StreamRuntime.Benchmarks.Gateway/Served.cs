using StreamRuntime.AspNetCore;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Gateway;

/// <summary>The endpoints that are compared. Each serves rows at <c>/rows/rows?limit=N</c>.</summary>
internal static class Served
{
    public const int SampleRowBytes = 200;

    private static readonly Dictionary<string, Func<WebApplicationBuilder, string, Action<WebApplication>>> Subjects = new()
    {
        ["bare"] = (_, _) => application => BareRows.Map(application),
        ["gateway-sample"] = (builder, _) => Gateway(builder, limit => new(JsonRowStream.Create(new SampleRowSource(limit, SampleRowBytes)))),
        ["gateway-postgres"] = (builder, connection) =>
        {
            var source = PostgresDataSource.Create(connection);
            return Gateway(builder, limit => source.StreamAsync(new PostgresQuery("select data from json_rows limit $1", PostgresParameter.From(limit))));
        },
        ["npgsql-stream"] = (_, connection) => application => NpgsqlRows.MapStream(application, connection),
        ["npgsql-bytes"] = (_, connection) => application => NpgsqlRows.MapBytes(application, connection),
        ["npgsql-elements"] = (_, connection) => application => NpgsqlRows.MapElements(application, connection),
        ["idle-bare"] = (_, _) => application => IdleSockets.MapBare(application),
        ["idle-gateway"] = IdleSockets.Gateway,
    };

    public static IEnumerable<string> Names => Subjects.Keys;

    public static Action<WebApplication> Prepare(string name, WebApplicationBuilder builder, string connection) => Subjects[name](builder, connection);

    private static Action<WebApplication> Gateway(WebApplicationBuilder builder, Func<long, ValueTask<JsonRowStream>> open)
    {
        builder.Services.AddStreamGateway(StreamGatewayOptions.Default);
        return application => application.MapRows("rows", (request, _) => open(request.Get<long>("limit")), RowsParameter.Required("limit", RowsParameterType.LargeNumber));
    }
}
