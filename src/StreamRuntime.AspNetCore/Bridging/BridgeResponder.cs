using System.Net;
using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Limits;
using StreamRuntime.AspNetCore.Responses;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.AspNetCore.WebSockets;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>Answers one request for a bridge with a session, or says why not.</summary>
internal static class BridgeResponder
{
    public static Task RespondAsync(HttpContext context, Gateway gateway, BridgeEndpoint endpoint)
    {
        if (Upgrade.IsAskedFor(context))
        {
            return SocketResponder.RespondAsync(context, gateway, endpoint.Name, subProtocol: null, endpoint, ServeAsync);
        }

        context.Response.Headers.Upgrade = "websocket";
        return ProblemWriter.WriteAsync(context, StatusCodes.Status426UpgradeRequired, "This path is for WebSockets.");
    }

    private static Task ServeAsync(HttpContext context, Gateway gateway, BridgeEndpoint endpoint, bool needsToken)
    {
        IPAddress client = ClientAddress.Of(context, gateway.Options.TrustedProxies);
        Refusal refusal = gateway.TryEnter(client, forStream: false);
        if (refusal == Refusal.None)
        {
            refusal = endpoint.Sessions.TryTakePlace();
            if (refusal != Refusal.None)
            {
                gateway.LeaveWithoutSession(client);
                gateway.Metrics.Refused(refusal.ToString());
            }
        }

        return refusal != Refusal.None ? SocketResponder.RefuseAsync(context, gateway, endpoint.Name, refusal)
            : needsToken ? RunAsync(context, gateway, endpoint, client, backend: null)
            : OpenAndRunAsync(context, gateway, endpoint, client);
    }

    /// <summary>Makes the backend before the handshake is accepted, so that a refusal is an HTTP status.</summary>
    private static async Task OpenAndRunAsync(HttpContext context, Gateway gateway, BridgeEndpoint endpoint, IPAddress client)
    {
        IBridgeBackend? backend = null;
        try
        {
            backend = await endpoint.Open(context, context.RequestAborted).ConfigureAwait(false);
        }
        catch (BadHttpRequestException refusal)
        {
            await ProblemWriter.WriteAsync(context, refusal.StatusCode, refusal.Message).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            BridgeLog.BackendNotMade(gateway.Logger, endpoint.Name, failure);
            throw;
        }
        finally
        {
            if (backend is null)
            {
                endpoint.Sessions.GiveBackPlace();
                gateway.LeaveWithoutSession(client);
            }
        }

        if (backend is not null)
        {
            await RunAsync(context, gateway, endpoint, client, backend).ConfigureAwait(false);
        }
    }

    private static async Task RunAsync(HttpContext context, Gateway gateway, BridgeEndpoint endpoint, IPAddress client, IBridgeBackend? backend)
    {
        var session = new BridgeSocketSession(gateway, endpoint.Sessions, endpoint.Name, client, context, backend, endpoint.Open);
        try
        {
            await session.RunAsync(subProtocol: null).ConfigureAwait(false);
        }
        finally
        {
            await session.ReleaseAsync().ConfigureAwait(false);
        }
    }
}
