using System.Net;
using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.AspNetCore.Limits;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Responses;

/// <summary>Answers one HTTP request with rows, or says why not.</summary>
internal static class RowsResponder
{
    private const string Lines = "lines";

    public static Task RespondAsync(HttpContext context, Gateway gateway, string endpoint, Func<CancellationToken, ValueTask<JsonRowStream>> open, RowsRequest? request = null)
    {
        context.Response.Headers.Vary = "Accept";
        if (Negotiation.Choose(context.Request) is not { } format)
        {
            return ProblemWriter.WriteAsync(
                context, StatusCodes.Status406NotAcceptable, "Rows are to be had as application/x-ndjson, application/json or text/event-stream.");
        }

        string? control = context.Request.Query[RowsEndpoint.ControlParameter];
        if (control is not null && (control != Lines || format != RowFormat.Ndjson))
        {
            return ProblemWriter.WriteAsync(context, new ParameterError(RowsEndpoint.ControlParameter, "Control lines are asked for by 'lines', and only with NDJSON."));
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            // What a GET would be, as far as that can be told without asking the database.
            RowHeaders.Set(context.Response, format);
            return Task.CompletedTask;
        }

        IPAddress client = ClientAddress.Of(context, gateway.Options.TrustedProxies);
        Refusal refusal = gateway.TryEnter(client);
        if (refusal != Refusal.None)
        {
            GatewayLog.Refused(gateway.Logger, endpoint, refusal);
            return ProblemWriter.WriteAsync(context, refusal, gateway.Options.RetryAfter);
        }

        return new HttpRowsSession(gateway, endpoint, client, context, format, control is not null, open, request).RunAsync();
    }
}
