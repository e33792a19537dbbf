using System.Net;
using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Limits;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>Answers one request for rows over a WebSocket with a session, or says why not.</summary>
internal static class RowsSocketResponder
{
    public static Task RespondAsync(HttpContext context, Gateway gateway, RowsRequest request, RowsEndpoint endpoint) =>
        SocketResponder.RespondAsync(context, gateway, endpoint.Name, RowsSocketSession.SubProtocol, (request, endpoint), ServeAsync);

    private static Task ServeAsync(HttpContext context, Gateway gateway, (RowsRequest Request, RowsEndpoint Endpoint) target, bool needsToken)
    {
        (RowsRequest request, RowsEndpoint endpoint) = target;
        IPAddress client = ClientAddress.Of(context, gateway.Options.TrustedProxies);
        Refusal refusal = gateway.TryEnter(client);
        return refusal != Refusal.None
            ? SocketResponder.RefuseAsync(context, gateway, endpoint.Name, refusal)
            : new RowsSocketSession(gateway, endpoint, request, client, context, needsToken).RunAsync(RowsSocketSession.SubProtocol);
    }
}
