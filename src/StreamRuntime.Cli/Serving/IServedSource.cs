using StreamRuntime.AspNetCore.Queries;

namespace StreamRuntime.Cli.Serving;

/// <summary>What is served: named queries over one source that all requests share.</summary>
internal interface IServedSource : IAsyncDisposable
{
    IReadOnlyList<RowsEndpoint> Endpoints { get; }
}
