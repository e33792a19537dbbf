using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.Endpoints;

/// <summary>Maps what an orchestrator asks.</summary>
public static class HealthRoutes
{
    /// <summary>Maps <c>/healthz</c>, which answers 200 while the process can answer, and <c>/readyz</c>, which answers 503 from the first moment of a shutdown.</summary>
    /// <param name="endpoints">Where; a route group puts something before the path.</param>
    public static IEndpointConventionBuilder MapStreamHealth(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        Gateway gateway = RowsRoutes.GatewayOf(endpoints);
        RouteGroupBuilder group = endpoints.MapGroup("");
        group.MapGet("/healthz", (RequestDelegate)(context => AnswerAsync(context, StatusCodes.Status200OK, "healthy")));
        group.MapGet("/readyz", (RequestDelegate)(context => gateway.Phase == GatewayPhase.Serving
            ? AnswerAsync(context, StatusCodes.Status200OK, "ready")
            : AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, "shutting down")));
        return group;
    }

    private static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }
}
