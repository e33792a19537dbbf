using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Responses;

/// <summary>A result for minimal APIs and controllers: a stream's rows as NDJSON, a JSON array or server-sent events, as the client accepts.</summary>
/// <remarks>
/// Sends one result. It needs the gateway's services, and counts towards its limits. The stream is opened once the client was let in, and disposed at the end;
/// a failure before the first row becomes an HTTP error. A later one leaves the body unfinished, and is thrown on to the server, which ends the request by it.
/// </remarks>
public sealed class JsonRowsResult : IResult, IActionResult
{
    private readonly Func<CancellationToken, ValueTask<JsonRowStream>> _open;
    private readonly string? _name;

    /// <summary>Makes a result.</summary>
    /// <param name="open">Opens the stream; not called for a request that is refused, nor for HEAD.</param>
    /// <param name="name">By what name it shows in logs, metrics and the list of sessions; the endpoint's display name when null.</param>
    public JsonRowsResult(Func<CancellationToken, ValueTask<JsonRowStream>> open, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(open);
        _open = open;
        _name = name;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The gateway's services were not added.</exception>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var gateway = httpContext.RequestServices.GetRequiredService<Gateway>();
        return RowsResponder.RespondAsync(httpContext, gateway, _name ?? httpContext.GetEndpoint()?.DisplayName ?? httpContext.Request.Path, _open);
    }

    /// <inheritdoc/>
    public Task ExecuteResultAsync(ActionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ExecuteAsync(context.HttpContext);
    }
}
