using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Access;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Responses;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>Serves a client that may have a WebSocket.</summary>
/// <param name="context">The request.</param>
/// <param name="gateway">Whose client it is.</param>
/// <param name="target">What it asks for.</param>
/// <param name="needsToken">True when its first message has to be its token.</param>
internal delegate Task SocketServer<T>(HttpContext context, Gateway gateway, T target, bool needsToken);

/// <summary>Answers one request for a WebSocket, or says why not.</summary>
internal static class SocketResponder
{
    // Not async where it can be helped: what lives as long as the connection is kept small.
    public static Task RespondAsync<T>(HttpContext context, Gateway gateway, string endpoint, string? subProtocol, T target, SocketServer<T> serve)
    {
        StreamGatewayOptions options = gateway.Options;
        if (Upgrade.Check(context, subProtocol, options.AllowedOrigins) is { } wrong)
        {
            return ProblemWriter.WriteAsync(context, wrong.Status, wrong.Detail);
        }

        // A token that came with the request is checked before the upgrade; a client without one may still send it as its first message.
        string? token = options.Authenticate is null ? null : AccessToken.Find(context, RowsEndpoint.TokenParameter);
        return token is not null
            ? CheckAndServeAsync(context, gateway, endpoint, token, target, serve)
            : serve(context, gateway, target, options.Authenticate is not null);
    }

    public static Task RefuseAsync(HttpContext context, Gateway gateway, string endpoint, Refusal refusal)
    {
        GatewayLog.Refused(gateway.Logger, endpoint, refusal);
        return ProblemWriter.WriteAsync(context, refusal, gateway.Options.RetryAfter);
    }

    private static async Task CheckAndServeAsync<T>(HttpContext context, Gateway gateway, string endpoint, string token, T target, SocketServer<T> serve)
    {
        AccessOutcome access = await AccessToken.CheckAsync(
            gateway.Options.Authenticate, context, token, endpoint, gateway.Logger, context.RequestAborted).ConfigureAwait(false);
        await (access == AccessOutcome.Allowed
            ? serve(context, gateway, target, needsToken: false)
            : ProblemWriter.WriteAsync(context, access)).ConfigureAwait(false);
    }
}
