using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Access;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Responses;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.AspNetCore.WebSockets;

namespace StreamRuntime.AspNetCore.Endpoints;

/// <summary>What a request to a named query goes through: its parameters, its token, and then its transport.</summary>
internal static class RowsRoute
{
    // Not async, and so is no method on a WebSocket's way: what lives as long as the connection is kept small.
    public static Task ServeAsync(HttpContext context, Gateway gateway, RowsEndpoint endpoint)
    {
        if (endpoint.Read(context, out RowsRequest? request) is { } error)
        {
            return ProblemWriter.WriteAsync(context, error);
        }

        request!.Attach(gateway.Tokens, gateway.Options.ParkAfter);

        if (Upgrade.IsAskedFor(context))
        {
            return RowsSocketResponder.RespondAsync(context, gateway, request!, endpoint);
        }

        return HttpMethods.IsConnect(context.Request.Method)
            ? ProblemWriter.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "CONNECT opens a WebSocket here, and nothing else.")
            : ServeHttpAsync(context, gateway, request!, endpoint);
    }

    private static async Task ServeHttpAsync(HttpContext context, Gateway gateway, RowsRequest request, RowsEndpoint endpoint)
    {
        string? token = AccessToken.Find(context, RowsEndpoint.TokenParameter);
        AccessOutcome access = await AccessToken.CheckAsync(
            gateway.Options.Authenticate, context, token, endpoint.Name, gateway.Logger, context.RequestAborted).ConfigureAwait(false);
        if (access != AccessOutcome.Allowed)
        {
            await ProblemWriter.WriteAsync(context, access).ConfigureAwait(false);
            return;
        }

        await RowsResponder.RespondAsync(context, gateway, endpoint.Name, stop => endpoint.OpenAsync(request, stop), request).ConfigureAwait(false);
    }
}
