using System.Globalization;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.Cli.Terminals;
using StreamRuntime.Postgres;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Serving;

/// <summary>Queries to a PostgreSQL, over one pool.</summary>
internal sealed class ServedPostgres : IServedSource
{
    private readonly PostgresDataSource _source;

    public ServedPostgres(ServeOptions options)
    {
        PostgresOptions postgres = ConnectionString.Parse(options.Source.Text);
        foreach (string warning in postgres.Warnings)
        {
            StandardStreams.WriteErrorLine($"streamrt: warning: {warning.ReplaceLineEndings(" ")}");
        }

        _source = PostgresDataSource.Create(postgres with { Pool = postgres.Pool with { MaxSize = options.PoolSize, LeaseTimeout = options.PoolTimeout } });
        Endpoints = [.. options.Endpoints.Select(e => new RowsEndpoint(e.Name, (request, stop) => OpenAsync(e, request, options.Stream, stop), e.Parameters))];
    }

    public IReadOnlyList<RowsEndpoint> Endpoints { get; }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private ValueTask<JsonRowStream> OpenAsync(EndpointSetting endpoint, RowsRequest request, JsonRowStreamOptions options, CancellationToken cancellationToken)
    {
        PostgresQuery query = endpoint.Statement!.ToQuery(request.Values.Select(v => KeyValuePair.Create(v.Key, Text(v.Value))));
        return endpoint.Key is { } key
            ? _source.StreamAsync(query.WithKey(key), request.ToStreamOptions(options), cancellationToken)
            : _source.StreamAsync(query, options, cancellationToken);
    }

    // As PostgreSQL reads it, whatever type the server gives the parameter.
    private static string? Text(object? value) => value switch
    {
        null => null,
        string text => text,
        bool truth => truth ? "true" : "false",
        DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}
