using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StreamRuntime.AspNetCore.Diagnostics;

namespace StreamRuntime.AspNetCore.Access;

/// <summary>Finds a request's token, and has it checked.</summary>
internal static class AccessToken
{
    private const string Bearer = "Bearer ";

    /// <summary>The token of the header, or of the query value that stands in for it where a browser can set no header.</summary>
    /// <param name="context">The request.</param>
    /// <param name="queryName">The query value's name.</param>
    public static string? Find(HttpContext context, string queryName)
    {
        string? header = context.Request.Headers.Authorization;
        if (header is not null && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return header[Bearer.Length..].Trim() is { Length: > 0 } token ? token : null;
        }

        string? value = context.Request.Query[queryName];
        return string.IsNullOrEmpty(value) ? null : value;
    }

    /// <summary>Checks a token; a good one sets the request's user.</summary>
    public static async ValueTask<AccessOutcome> CheckAsync(
        TokenAuthenticator? authenticate, HttpContext context, string? token, string endpoint, ILogger logger, CancellationToken cancellationToken)
    {
        if (authenticate is null)
        {
            return AccessOutcome.Allowed;
        }

        if (token is null)
        {
            return AccessOutcome.Missing;
        }

        try
        {
            if (await authenticate(context, token, cancellationToken).ConfigureAwait(false) is not { } user)
            {
                return AccessOutcome.Refused;
            }

            context.User = user;
            return AccessOutcome.Allowed;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return AccessOutcome.Failed;
        }
#pragma warning disable CA1031 // Whatever goes wrong in the caller's own check, nobody gets in by it.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            GatewayLog.AuthenticationFailed(logger, endpoint, failure);
            return AccessOutcome.Failed;
        }
    }
}
