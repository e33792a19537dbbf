using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace StreamRuntime.AspNetCore.Bridging.Endpoints;

/// <summary>Keeps pages of other sites from opening sessions with a visitor's own credentials: browsers let any page connect to any WebSocket.</summary>
internal static class OriginCheck
{
    public static bool IsAllowed(HttpRequest request, IReadOnlyList<string> allowed)
    {
        StringValues origins = request.Headers.Origin;
        if (origins.Count == 0)
        {
            return true;
        }

        if (origins.Count > 1 || origins[0] is not { } origin)
        {
            return false;
        }

        foreach (string one in allowed)
        {
            if (one == "*" || string.Equals(one, origin, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        // "null", which sandboxed pages send, is no address and so of no host.
        return Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
            && request.Host.HasValue
            && string.Equals(uri.Authority, Authority(request, uri), StringComparison.OrdinalIgnoreCase);
    }

    // A port that is its scheme's own is left out of an origin, and need not be of the host.
    private static string Authority(HttpRequest request, Uri origin) =>
        request.Host.Port is { } port && ((port == 80 && origin.Scheme == "http") || (port == 443 && origin.Scheme == "https"))
            ? request.Host.Host
            : request.Host.Value!;
}
