using System.Diagnostics;
using StreamRuntime.Diagnostics;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;
using StreamRuntime.TestKit.Telemetry;

namespace StreamRuntime.Postgres.Tests.Diagnostics;

/// <summary>What OpenTelemetry's own SDK makes of a query: the names and units of its conventions for database clients.</summary>
[Collection(AloneCollection.Name)]
public sealed class DatabaseTelemetryTests
{
    [Fact]
    public async Task Query_IsMeasuredAndTraced_ByTheNamesOfTheConventions()
    {
        using var metrics = CollectedMetrics.Start(RuntimeMeter.Name);
        using var spans = CollectedSpans.Start(RuntimeActivitySource.Name);
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await Conversation.Json(3).PlayAsync(c);
            await c.DrainAsync();
        });
        PostgresOptions options = Outcome.OptionsFor(server) with { Database = "shop" };
        await using PostgresDataSource source = PostgresDataSource.Create(options with { Pool = options.Pool with { MaxSize = 7 } });
        using Activity request = new Activity("request") { ActivityTraceFlags = ActivityTraceFlags.Recorded }.Start();
        JsonRowStream stream = await source.StreamAsync(new PostgresQuery("select data from t where i = $1", PostgresParameter.From("secret")));
        Assert.Equal($"127.0.0.1:{server.Port}/shop", stream.Label);

        string pool = $"db.client.connection.pool.name=127.0.0.1:{server.Port}/shop";
        MetricValues during = metrics.Collect();
        Assert.Equal(
            (1, 0), (during["db.client.connection.count", $"{pool};db.client.connection.state=used"], during["db.client.connection.count", $"{pool};db.client.connection.state=idle"]));
        Assert.Equal((7, 0), (during["db.client.connection.max", pool], during["db.client.connection.pending_requests", pool]));
        while (await stream.ReadBatchAsync())
        {
        }

        await stream.DisposeAsync();
        MetricValues after = metrics.Collect();
        string operation = $"db.namespace=shop;db.system.name=postgresql;server.address=127.0.0.1;server.port={server.Port}";
        Assert.Equal(1, after.CountOf("db.client.operation.duration", operation));
        Assert.Equal((1, 1, 1), (after.CountOf("db.client.connection.create_time", pool), after.CountOf("db.client.connection.wait_time", pool), after.CountOf("db.client.connection.use_time", pool)));
        Assert.Equal(
            [
                "db.client.connection.count {connection}",
                "db.client.connection.create_time s",
                "db.client.connection.idle.max {connection}",
                "db.client.connection.idle.min {connection}",
                "db.client.connection.max {connection}",
                "db.client.connection.pending_requests {request}",
                "db.client.connection.timeouts {timeout}",
                "db.client.connection.use_time s",
                "db.client.connection.wait_time s",
                "db.client.operation.duration s",
            ],
            after.All.Where(m => m.Name.StartsWith("db.", StringComparison.Ordinal)).Select(m => $"{m.Name} {m.Unit}").Distinct().Order(StringComparer.Ordinal));
        Activity span = Assert.Single(spans.Ended);
        Assert.Equal((ActivityKind.Client, "shop", request.SpanId), (span.Kind, span.DisplayName, span.ParentSpanId));
    }
}
