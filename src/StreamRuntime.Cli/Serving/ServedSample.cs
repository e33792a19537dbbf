using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Serving;

/// <summary>Sample rows, the same for every request.</summary>
internal sealed class ServedSample : IServedSource
{
    public ServedSample(ServeOptions options) =>
        Endpoints = [.. options.Endpoints.Select(e => new RowsEndpoint(e.Name, (_, _) => new ValueTask<JsonRowStream>(Open(options)), e.Parameters))];

    public IReadOnlyList<RowsEndpoint> Endpoints { get; }

    public ValueTask DisposeAsync() => default;

    private static JsonRowStream Open(ServeOptions options) => JsonRowStream.Create(
        new SampleRowSource(options.Source.SampleRows, options.Source.SampleRowBytes, options.Source.SampleSeed), options.Stream);
}
