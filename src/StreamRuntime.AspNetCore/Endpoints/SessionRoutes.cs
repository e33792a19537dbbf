using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using StreamRuntime.AspNetCore.Responses;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.Endpoints;

/// <summary>Maps the list of sessions, and what an administrator may do to them.</summary>
public static class SessionRoutes
{
    /// <summary>
    /// Maps <c>GET /sessions</c> and <c>GET /sessions/{id}</c>, and <c>POST /sessions/{id}/pause</c> (with an optional <c>reason</c> in the query),
    /// <c>/resume</c> and <c>/close</c>.
    /// </summary>
    /// <param name="endpoints">Where; a route group puts something before the path.</param>
    /// <param name="policy">The authorisation policy an administrator has to fulfil.</param>
    /// <exception cref="ArgumentException">No policy is named.</exception>
    public static IEndpointConventionBuilder MapStreamSessions(this IEndpointRouteBuilder endpoints, string policy)
    {
        ArgumentException.ThrowIfNullOrEmpty(policy);
        return Map(endpoints).RequireAuthorization(policy);
    }

    /// <summary>The same for everybody who can reach it, such as on a port of its own that only administrators can.</summary>
    /// <param name="endpoints">Where; a route group puts something before the path.</param>
    public static IEndpointConventionBuilder MapStreamSessionsForEverybody(this IEndpointRouteBuilder endpoints) => Map(endpoints).AllowAnonymous();

    private static RouteGroupBuilder Map(IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        Gateway gateway = RowsRoutes.GatewayOf(endpoints);
        RouteGroupBuilder group = endpoints.MapGroup("/sessions");
        group.MapGet("", (RequestDelegate)(context => ListAsync(context, gateway)));
        group.MapGet("/{id:long}", (RequestDelegate)(context => WithAsync(context, gateway, session => ShowAsync(context, session))));
        group.MapPost("/{id:long}/pause", (RequestDelegate)(context => WithAsync(context, gateway, async session =>
            await AnswerAsync(context, session, await session.PauseAsync(context.Request.Query["reason"]).ConfigureAwait(false)).ConfigureAwait(false))));
        group.MapPost("/{id:long}/resume", (RequestDelegate)(context => WithAsync(context, gateway, async session =>
            await AnswerAsync(context, session, await session.ResumeAsync().ConfigureAwait(false)).ConfigureAwait(false))));
        group.MapPost("/{id:long}/close", (RequestDelegate)(context => WithAsync(context, gateway, session =>
        {
            session.BeginClose(SessionEnd.Administrator);
            return ShowAsync(context, session);
        })));
        return group;
    }

    private static Task ListAsync(HttpContext context, Gateway gateway)
    {
        context.Response.Headers.CacheControl = "no-store";
        var list = new SessionList(
            gateway.Connections, gateway.Streams.Running, gateway.Streams.Paused, [.. gateway.Sessions.OrderBy(s => s.Id).Select(s => s.GetSnapshot())]);
        return context.Response.WriteAsJsonAsync(list, SessionJson.Default.SessionList, cancellationToken: context.RequestAborted);
    }

    private static Task WithAsync(HttpContext context, Gateway gateway, Func<GatewaySession, Task> act)
    {
        long id = long.Parse((string)context.Request.RouteValues["id"]!, CultureInfo.InvariantCulture);
        return gateway.Find(id) is { } session
            ? act(session)
            : ProblemWriter.WriteAsync(context, StatusCodes.Status404NotFound, "There is no such session, or no longer.");
    }

    private static Task ShowAsync(HttpContext context, GatewaySession session)
    {
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(session.GetSnapshot(), SessionJson.Default.SessionSnapshot, cancellationToken: context.RequestAborted);
    }

    private static Task AnswerAsync(HttpContext context, GatewaySession session, PauseAnswer answer) => answer switch
    {
        PauseAnswer.Ended => ProblemWriter.WriteAsync(context, StatusCodes.Status409Conflict, "It has ended, or not begun."),
        PauseAnswer.NoPlace => ProblemWriter.WriteAsync(context, StatusCodes.Status409Conflict, "There are as many such streams as there may be."),
        _ => ShowAsync(context, session),
    };
}
