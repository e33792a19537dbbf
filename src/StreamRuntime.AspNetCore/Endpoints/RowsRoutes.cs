using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using StreamRuntime.AspNetCore.Access;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Responses;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Endpoints;

/// <summary>Maps named queries to paths.</summary>
public static class RowsRoutes
{
    // CONNECT is how a WebSocket begins over HTTP/2.
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head, HttpMethods.Connect];

    /// <summary>Maps a named query to <c>/rows/{name}</c>, over HTTP and over WebSockets.</summary>
    /// <param name="endpoints">Where; a route group puts something before the path.</param>
    /// <param name="name">The query's name: letters, digits, <c>_</c>, <c>-</c> and <c>.</c></param>
    /// <param name="open">Opens the stream for one request, for example from a data source. The gateway disposes it.</param>
    /// <param name="parameters">What a client may, or must, say in the query string.</param>
    /// <returns>The endpoint, for authorisation, rate limiting, CORS and the like.</returns>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: a name or a default can't be used.</exception>
    public static IEndpointConventionBuilder MapRows(
        this IEndpointRouteBuilder endpoints, string name, Func<RowsRequest, CancellationToken, ValueTask<JsonRowStream>> open, params RowsParameter[] parameters) =>
        endpoints.MapRows(new RowsEndpoint(name, open, parameters));

    /// <summary>Maps a named query, made from configuration for example, to <c>/rows/{name}</c>.</summary>
    /// <param name="endpoints">Where; a route group puts something before the path.</param>
    /// <param name="endpoint">The query.</param>
    /// <returns>The endpoint, for authorisation, rate limiting, CORS and the like.</returns>
    public static IEndpointConventionBuilder MapRows(this IEndpointRouteBuilder endpoints, RowsEndpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(endpoint);
        Gateway gateway = GatewayOf(endpoints);
        return endpoints
            .MapMethods($"/rows/{endpoint.Name}", Methods, context => RowsRoute.ServeAsync(context, gateway, endpoint))
            .WithDisplayName($"rows {endpoint.Name}")
            .WithMetadata(endpoint);
    }

    internal static Gateway GatewayOf(IEndpointRouteBuilder endpoints) =>
        endpoints.ServiceProvider.GetService<Gateway>()
        ?? throw new InvalidOperationException($"Call {nameof(StreamGatewayServices.AddStreamGateway)} on the application's services first.");
}
