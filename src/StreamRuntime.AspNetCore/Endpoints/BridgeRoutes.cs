using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.Endpoints;

/// <summary>Maps bridges to paths.</summary>
public static class BridgeRoutes
{
    // CONNECT is how a WebSocket begins over HTTP/2.
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Connect];

    /// <summary>
    /// Maps a path on which every WebSocket is joined to a backend of its own: binary messages are bytes, text messages are control. Needs
    /// <see cref="StreamGatewayServices.AddStreamGateway"/> on the services, and nothing else.
    /// </summary>
    /// <param name="endpoints">Where.</param>
    /// <param name="pattern">The path; its pattern is the sessions' endpoint name as well.</param>
    /// <param name="open">
    /// Makes the backend for one request, not connected yet. What the client sent (path, query, headers) must be checked here before it becomes part of an address or a
    /// command. Throwing a <see cref="BadHttpRequestException"/> refuses the request with its status and message; where the client's token comes only by its first message, by
    /// close code 1008 and the message.
    /// </param>
    /// <returns>The endpoint, for authorisation, rate limiting and the like.</returns>
    public static IEndpointConventionBuilder MapBridge(this IEndpointRouteBuilder endpoints, string pattern, Func<HttpContext, CancellationToken, ValueTask<IBridgeBackend>> open)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(open);
        Gateway gateway = RowsRoutes.GatewayOf(endpoints);
        var endpoint = new BridgeEndpoint(pattern, endpoints.ServiceProvider.GetRequiredService<BridgeSessionManager>(), open);
        return endpoints.MapMethods(pattern, Methods, context => BridgeResponder.RespondAsync(context, gateway, endpoint)).WithDisplayName($"bridge {pattern}");
    }
}
