using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using StreamRuntime.Diagnostics;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Diagnostics;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Diagnostics;

[Collection(AloneCollection.Name)]
public sealed class QueryObservationTests
{
    private static readonly PostgresQuery Parameterised = new("select data from t where i = $1", PostgresParameter.From("secret"));

    [Fact]
    public async Task CompleteResult_IsOneSpanAndOneDuration_FromTheCallToTheEndOfTheStream()
    {
        using var listeners = new Listeners();
        await using ScriptedServer server = ServerOf(Conversation.Json(3));
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server));
        using var around = new Activity("around").Start();

        JsonRowStream stream = await source.StreamAsync(Parameterised);
        Assert.Same(around, Activity.Current);
        Assert.Empty(listeners.Ended);
        using (var beside = new Activity("beside").Start())
        {
            await ReadToEndAsync(stream);
            Assert.Same(beside, Activity.Current);
        }

        await stream.DisposeAsync();
        Activity span = Assert.Single(listeners.Ended);
        Assert.Equal((ActivityKind.Client, "shop", ActivityStatusCode.Unset), (span.Kind, span.DisplayName, span.Status));
        Assert.Equal(around.SpanId, span.ParentSpanId);
        Assert.Equal(
            $"db.namespace=shop;db.query.text=select data from t where i = $1;db.system.name=postgresql;server.address=127.0.0.1;server.port={server.Port}",
            Text(span.TagObjects));
        (double seconds, string tags) = Assert.Single(listeners.Durations);
        Assert.True(seconds > 0);
        Assert.Equal($"db.namespace=shop;db.system.name=postgresql;server.address=127.0.0.1;server.port={server.Port}", tags);
        Assert.Equal([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10], listeners.Boundaries);
    }

    [Fact]
    public async Task TextWithoutParameters_IsKeptToOurselves_AsItMayHoldValues()
    {
        using var listeners = new Listeners();
        await using ScriptedServer server = ServerOf(Conversation.Json(3));
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server));
        await using (JsonRowStream stream = await source.StreamAsync(new PostgresQuery("select 'secret'")))
        {
            await ReadToEndAsync(stream);
        }

        Assert.DoesNotContain("secret", Text(Assert.Single(listeners.Ended).TagObjects), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("named")]
    public async Task Pool_IsNamedByItsServerAndDatabase_UnlessItHasAName(string? name)
    {
        var names = new ConcurrentQueue<string?>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "db.client.connection.create_time")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<double>((_, _, tags, _) => names.Enqueue((string?)tags[0].Value));
        meters.Start();
        await using ScriptedServer server = ServerOf(Conversation.Json(3));
        PostgresOptions options = OptionsFor(server);
        await using PostgresDataSource source = PostgresDataSource.Create(name is null ? options : options with { Pool = options.Pool with { Name = name } });
        await using (JsonRowStream stream = await source.StreamAsync(Parameterised))
        {
            await ReadToEndAsync(stream);
        }

        Assert.Equal(name ?? $"127.0.0.1:{server.Port}/shop", Assert.Single(names));
    }

    [Fact]
    public async Task ErrorOfTheServer_AmongTheRows_IsItsSqlState()
    {
        using var listeners = new Listeners();
        await using ScriptedServer server = ServerOf(Conversation.Failing(2));
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server));
        JsonRowStream stream = await source.StreamAsync(Parameterised);
        await Assert.ThrowsAsync<PostgresServerException>(() => ReadToEndAsync(stream));

        // Ended with the error already, though nobody has disposed the stream.
        AssertFailed(listeners, "22012", "22012");
        await stream.DisposeAsync();
        Assert.Single(listeners.Ended);
        Assert.Single(listeners.Durations);
    }

    [Fact]
    public async Task StatementThatIsRefused_LosesTheConnection_OrIsCancelled_SaysWhy()
    {
        using var listeners = new Listeners();
        await using ScriptedServer refusing = ScriptedServer.Start(async c =>
        {
            await c.StartUpAsync();
            await c.ExpectAsync("PDH");
            await c.SendAsync(BackendMessages.ErrorResponse("42703", "no such column secret"));
            await c.DrainAsync();
        });
        await using (PostgresDataSource source = PostgresDataSource.Create(OptionsFor(refusing)))
        {
            await Assert.ThrowsAsync<PostgresServerException>(async () => await source.StreamAsync(Parameterised));
        }

        AssertFailed(listeners, "42703", "42703");
        Assert.DoesNotContain("secret", listeners.Ended.Last().StatusDescription, StringComparison.Ordinal);

        await using ScriptedServer leaving = ScriptedServer.Start(async c =>
        {
            await c.StartUpAsync();
            await c.ExpectAsync("PDH");
        });
        await using (PostgresDataSource source = PostgresDataSource.Create(OptionsFor(leaving)))
        {
            await Assert.ThrowsAsync<StreamRuntimeException>(async () => await source.StreamAsync(Parameterised));
        }

        AssertFailed(listeners, "ConnectionLost", null);

        await using (PostgresDataSource source = PostgresDataSource.Create(OptionsFor(leaving)))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await source.StreamAsync(Parameterised, null, new CancellationToken(canceled: true)));
        }

        Assert.StartsWith("System.", listeners.Ended.Last().StatusDescription, StringComparison.Ordinal);
        Assert.Equal(3, listeners.Durations.Count);
    }

    [Fact]
    public async Task StreamThatIsDisposedEarly_HasNotFailed()
    {
        using var listeners = new Listeners();
        await using ScriptedServer server = ServerOf(Conversation.Json(3));
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server));
        JsonRowStream stream = await source.StreamAsync(Parameterised);
        Assert.True(await stream.ReadBatchAsync());
        await stream.DisposeAsync();

        Assert.Equal(ActivityStatusCode.Unset, Assert.Single(listeners.Ended).Status);
    }

    [Fact]
    public async Task OfSeveralServers_TheOneThatRanItIsNamed()
    {
        using var listeners = new Listeners();
        await using ScriptedServer server = ServerOf(Conversation.Json(3));
        await using ScriptedServer gone = ServerOf(Conversation.Json(3));
        gone.StopAccepting();
        PostgresOptions options = OptionsFor(server);
        await using PostgresDataSource source = PostgresDataSource.Create(options with { Endpoints = [.. OptionsFor(gone).Endpoints, .. options.Endpoints] });
        await using (JsonRowStream stream = await source.StreamAsync(Parameterised))
        {
            await ReadToEndAsync(stream);
        }

        Assert.Contains($"server.port={server.Port}", Text(Assert.Single(listeners.Ended).TagObjects), StringComparison.Ordinal);
        Assert.Contains($"server.port={server.Port}", Assert.Single(listeners.Durations).Tags, StringComparison.Ordinal);
    }

    [Fact]
    public void NobodyListens_NothingIsMade()
    {
        var options = new PostgresOptions();
        Assert.Null(QueryObservation.TryStart(options, Parameterised));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            QueryObservation.TryStart(options, Parameterised);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static ScriptedServer ServerOf(Conversation conversation) => ScriptedServer.Start(async c =>
    {
        await conversation.PlayAsync(c);
        await c.DrainAsync();
    });

    private static PostgresOptions OptionsFor(ScriptedServer server) => Outcome.OptionsFor(server) with { Database = "shop" };

    private static async Task ReadToEndAsync(JsonRowStream stream)
    {
        while (await stream.ReadBatchAsync())
        {
        }
    }

    private static void AssertFailed(Listeners listeners, string type, string? sqlState)
    {
        Activity span = listeners.Ended.Last();
        Assert.Equal((ActivityStatusCode.Error, type), (span.Status, span.StatusDescription));
        Assert.Equal((type, sqlState), (span.GetTagItem("error.type"), span.GetTagItem("db.response.status_code")));
        Assert.Contains($"error.type={type}", listeners.Durations.Last().Tags, StringComparison.Ordinal);
        Assert.Equal(sqlState is not null, listeners.Durations.Last().Tags.Contains("db.response.status_code", StringComparison.Ordinal));
    }

    private static string Text(IEnumerable<KeyValuePair<string, object?>> tags) =>
        string.Join(';', tags.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => $"{t.Key}={t.Value}"));

    private sealed class Listeners : IDisposable
    {
        private readonly ActivityListener _activities;
        private readonly MeterListener _meters = new();

        public Listeners()
        {
            _activities = new ActivityListener
            {
                ShouldListenTo = source => source.Name == RuntimeActivitySource.Name,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = Ended.Enqueue,
            };
            ActivitySource.AddActivityListener(_activities);
            _meters.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == RuntimeMeter.Name && instrument is Histogram<double> { Name: "db.client.operation.duration", Unit: "s" } duration)
                {
                    Boundaries = duration.Advice?.HistogramBucketBoundaries;
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _meters.SetMeasurementEventCallback<double>((_, value, tags, _) => Durations.Enqueue((value, Text(tags.ToArray()))));
            _meters.Start();
        }

        public ConcurrentQueue<Activity> Ended { get; } = [];

        public ConcurrentQueue<(double Seconds, string Tags)> Durations { get; } = [];

        public IReadOnlyList<double>? Boundaries { get; private set; }

        public void Dispose()
        {
            _activities.Dispose();
            _meters.Dispose();
        }
    }
}
