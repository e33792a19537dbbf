using System.Net;
using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Access;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.AspNetCore.Limits;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Responses;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>Answers one request for a WebSocket with a session, or says why not.</summary>
internal static class SocketResponder
{
    public static Task RespondAsync(HttpContext context, Gateway gateway, RowsRequest request, RowsEndpoint endpoint)
    {
        StreamGatewayOptions options = gateway.Options;
        if (Upgrade.Check(context, RowsSocketSession.SubProtocol, options.AllowedOrigins) is { } wrong)
        {
            return ProblemWriter.WriteAsync(context, wrong.Status, wrong.Detail);
        }

        // A token that came with the request is checked before the upgrade; a client without one may still send it as its first message.
        string? token = options.Authenticate is null ? null : AccessToken.Find(context, RowsEndpoint.TokenParameter);
        return token is not null
            ? CheckAndRunAsync(context, gateway, request, endpoint, token)
            : RunAsync(context, gateway, request, endpoint, needsToken: options.Authenticate is not null);
    }

    private static async Task CheckAndRunAsync(HttpContext context, Gateway gateway, RowsRequest request, RowsEndpoint endpoint, string token)
    {
        AccessOutcome access = await AccessToken.CheckAsync(
            gateway.Options.Authenticate, context, token, endpoint.Name, gateway.Logger, context.RequestAborted).ConfigureAwait(false);
        await (access == AccessOutcome.Allowed
            ? RunAsync(context, gateway, request, endpoint, needsToken: false)
            : ProblemWriter.WriteAsync(context, access)).ConfigureAwait(false);
    }

    private static Task RunAsync(HttpContext context, Gateway gateway, RowsRequest request, RowsEndpoint endpoint, bool needsToken)
    {
        IPAddress client = ClientAddress.Of(context, gateway.Options.TrustedProxies);
        Refusal refusal = gateway.TryEnter(client);
        if (refusal != Refusal.None)
        {
            GatewayLog.Refused(gateway.Logger, endpoint.Name, refusal);
            return ProblemWriter.WriteAsync(context, refusal, gateway.Options.RetryAfter);
        }

        return new RowsSocketSession(gateway, endpoint.Name, client, context, needsToken, stop => endpoint.Open(request, stop)).RunAsync(RowsSocketSession.SubProtocol);
    }
}
