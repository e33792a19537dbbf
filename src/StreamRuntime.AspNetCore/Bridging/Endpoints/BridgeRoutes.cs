using System.Globalization;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;

namespace StreamRuntime.AspNetCore.Bridging.Endpoints;

/// <summary>Maps bridges to paths.</summary>
public static class BridgeRoutes
{
    // CONNECT is how a WebSocket begins over HTTP/2.
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Connect];

    /// <summary>
    /// Maps a path on which every WebSocket is joined to a backend of its own: binary messages are bytes, text messages are control. Needs
    /// <see cref="BridgeServices.AddBridgeSessions"/> on the services and <c>UseWebSockets()</c> before the endpoints.
    /// </summary>
    /// <param name="endpoints">Where.</param>
    /// <param name="pattern">The path; its pattern is the sessions' endpoint name as well.</param>
    /// <param name="open">
    /// Makes the backend for one request, not connected yet. What the client sent (path, query, headers) must be checked here before it becomes part of an address or a
    /// command. Throwing a <see cref="BadHttpRequestException"/> refuses the request with its status.
    /// </param>
    /// <returns>The endpoint, for authorisation, rate limiting and the like.</returns>
    public static IEndpointConventionBuilder MapBridge(this IEndpointRouteBuilder endpoints, string pattern, Func<HttpContext, CancellationToken, ValueTask<IBridgeBackend>> open)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(open);
        BridgeSessionManager sessions = endpoints.ServiceProvider.GetService<BridgeSessionManager>()
            ?? throw new InvalidOperationException($"Call {nameof(BridgeServices.AddBridgeSessions)} on the application's services first.");
        return endpoints.MapMethods(pattern, Methods, context => ServeAsync(context, sessions, pattern, open)).WithDisplayName($"bridge {pattern}");
    }

    private static async Task ServeAsync(HttpContext context, BridgeSessionManager sessions, string endpoint, Func<HttpContext, CancellationToken, ValueTask<IBridgeBackend>> open)
    {
        if (context.Features.Get<IHttpWebSocketFeature>() is null)
        {
            throw new InvalidOperationException("Call UseWebSockets() on the application before its endpoints.");
        }

        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.Headers.Upgrade = "websocket";
            await RefuseAsync(context, StatusCodes.Status426UpgradeRequired, "This path is for WebSockets.").ConfigureAwait(false);
            return;
        }

        if (!OriginCheck.IsAllowed(context.Request, sessions.Options.AllowedOrigins))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "Pages of this origin may not connect.").ConfigureAwait(false);
            return;
        }

        if (!sessions.TryTakePlace(endpoint, out string refusal))
        {
            context.Response.Headers.RetryAfter = Math.Ceiling(sessions.Options.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, refusal).ConfigureAwait(false);
            return;
        }

        await RunInPlaceAsync(context, sessions, endpoint, open).ConfigureAwait(false);
    }

    private static async Task RunInPlaceAsync(
        HttpContext context, BridgeSessionManager sessions, string endpoint, Func<HttpContext, CancellationToken, ValueTask<IBridgeBackend>> open)
    {
        IBridgeBackend? backend = null;
        WebSocket socket;
        try
        {
            backend = await open(context, context.RequestAborted).ConfigureAwait(false);
            socket = await AcceptAsync(context, sessions.Options).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            sessions.GiveBackPlace();
            if (backend is not null)
            {
                await backend.DisposeAsync().ConfigureAwait(false);
            }
            else if (failure is not BadHttpRequestException)
            {
                BridgeLog.BackendNotMade(sessions.Options.Logger, endpoint, failure);
            }

            throw;
        }

        await sessions.RunInPlaceAsync(socket, backend, endpoint).ConfigureAwait(false);
    }

    /// <summary>The one place where a request becomes a WebSocket.</summary>
    private static Task<WebSocket> AcceptAsync(HttpContext context, BridgeOptions options)
    {
        // A paused session sends nothing for as long as it likes; who takes nothing is found by the queue's own limit.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        return context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            KeepAliveInterval = options.PingInterval,
            KeepAliveTimeout = options.PongTimeout,
        });
    }

    private static Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(reason, context.RequestAborted);
    }
}
