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
    public static async Task RespondAsync(HttpContext context, Gateway gateway, RowsRequest request, RowsEndpoint endpoint)
    {
        StreamGatewayOptions options = gateway.Options;
        if (Upgrade.Check(context, RowsSocketSession.SubProtocol, options.AllowedOrigins) is { } wrong)
        {
            await ProblemWriter.WriteAsync(context, wrong.Status, wrong.Detail).ConfigureAwait(false);
            return;
        }

        // A token that came with the request is checked before the upgrade; a client without one may still send it as its first message.
        string? token = AccessToken.Find(context, RowsEndpoint.TokenParameter);
        bool needsToken = options.Authenticate is not null && token is null;
        if (!needsToken)
        {
            AccessOutcome access = await AccessToken.CheckAsync(
                options.Authenticate, context, token, endpoint.Name, gateway.Logger, context.RequestAborted).ConfigureAwait(false);
            if (access != AccessOutcome.Allowed)
            {
                await ProblemWriter.WriteAsync(context, access).ConfigureAwait(false);
                return;
            }
        }

        IPAddress client = ClientAddress.Of(context, options.TrustedProxies);
        Refusal refusal = gateway.TryEnter(client);
        if (refusal != Refusal.None)
        {
            GatewayLog.Refused(gateway.Logger, endpoint.Name, refusal);
            await ProblemWriter.WriteAsync(context, refusal, options.RetryAfter).ConfigureAwait(false);
            return;
        }

        var session = new RowsSocketSession(gateway, endpoint.Name, client, context, needsToken, stop => endpoint.Open(request, stop));
        await session.RunAsync(RowsSocketSession.SubProtocol).ConfigureAwait(false);
    }
}
