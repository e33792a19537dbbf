using System.Diagnostics;
using System.Diagnostics.Metrics;
using StreamRuntime.Diagnostics;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Diagnostics;

/// <summary>
/// One query as OpenTelemetry sees it, from the call that starts it to the end of its stream: a client span, and a measurement of how long it took, with the names
/// and attributes of the semantic conventions for database clients.
/// </summary>
/// <remarks>Ended once; everything before belongs to whoever starts the query.</remarks>
internal sealed class QueryObservation
{
    private const string DefaultName = "postgresql";
    private const int DefaultPort = 5432;

    // Under the core's names, which is what listeners go by.
    private static readonly string? Version = typeof(QueryObservation).Assembly.GetName().Version?.ToString(3);
    private static readonly ActivitySource Source = new(RuntimeActivitySource.Name, Version);
    private static readonly Meter Meter = new(RuntimeMeter.Name, Version);

    // The boundaries that the conventions advise.
    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "db.client.operation.duration",
        "s",
        "Duration of database client operations.",
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] });

    private readonly Activity? _activity;
    private readonly string _database;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private PostgresEndpoint? _server;
    private int _isEnded;

    private QueryObservation(PostgresOptions options, PostgresQuery query)
    {
        _database = options.Database ?? options.User;
        _time = options.TimeProvider;
        _startedAt = _time.GetTimestamp();
        Activity? around = Activity.Current;
        _activity = Source.StartActivity(ActivityKind.Client, tags: TagsOf(options, query), name: _database);

        // The stream outlives the call that starts it, so the span is nobody's surroundings: what the caller does next is beside it and not within it.
        Activity.Current = around;
        _server = options.Endpoints is [var only] ? only : null;
    }

    /// <summary>Begins; null when nobody listens.</summary>
    public static QueryObservation? TryStart(PostgresOptions options, PostgresQuery query) =>
        Source.HasListeners() || Duration.Enabled ? new QueryObservation(options, query) : null;

    /// <summary>Takes note of which of several servers runs it. The last one counts.</summary>
    public void TakeServer(PostgresEndpoint server)
    {
        _server = server;
        _activity?.SetTag("server.address", Address(server));
        _activity?.SetTag("server.port", server.Port);
    }

    /// <summary>Ends it; only the first call counts.</summary>
    /// <param name="error">What the caller was told; null for a complete result, and for one that the caller wanted no more of.</param>
    public void End(Exception? error)
    {
        if (Interlocked.Exchange(ref _isEnded, 1) != 0)
        {
            return;
        }

        string? sqlState = (error as StreamRuntimeException)?.SqlState;
        string? type = error is null ? null : sqlState ?? TypeOf(error);
        if (Duration.Enabled)
        {
            Duration.Record(_time.GetElapsedTime(_startedAt).TotalSeconds, Tags(type, sqlState));
        }

        if (_activity is null)
        {
            return;
        }

        if (error is not null)
        {
            _activity.SetTag("error.type", type);
            if (sqlState is not null)
            {
                _activity.SetTag("db.response.status_code", sqlState);
            }

            // A server's message may quote values, so the description stays with what is a name.
            _activity.SetStatus(ActivityStatusCode.Error, type);
        }

        // Stopping makes the parent current, wherever that happens.
        Activity? around = Activity.Current;
        _activity.Dispose();
        Activity.Current = around;
    }

    private TagList Tags(string? errorType, string? sqlState)
    {
        var tags = new TagList { { "db.system.name", DefaultName }, { "db.namespace", _database } };
        if (_server is { } server)
        {
            tags.Add("server.address", Address(server));
            if (server.Port != DefaultPort)
            {
                tags.Add("server.port", server.Port);
            }
        }

        if (errorType is not null)
        {
            tags.Add("error.type", errorType);
        }

        if (sqlState is not null)
        {
            tags.Add("db.response.status_code", sqlState);
        }

        return tags;
    }

    private static IEnumerable<KeyValuePair<string, object?>> TagsOf(PostgresOptions options, PostgresQuery query)
    {
        if (!Source.HasListeners())
        {
            yield break;
        }

        yield return new("db.system.name", DefaultName);
        yield return new("db.namespace", options.Database ?? options.User);
        if (options.Endpoints is [var server])
        {
            yield return new("server.address", Address(server));
            yield return new("server.port", server.Port);
        }

        // A text without parameters may hold values.
        if (query.Parameters.Count > 0)
        {
            yield return new("db.query.text", query.Text);
        }
    }

    private static string Address(PostgresEndpoint server) => server.IsUnixSocket ? server.SocketPath : server.Host;

    private static string TypeOf(Exception error) => error is StreamRuntimeException ours ? ours.Kind.ToString() : error.GetType().FullName!;
}
