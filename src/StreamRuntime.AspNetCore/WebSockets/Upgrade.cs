using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>The opening handshake, by RFC 6455 over HTTP/1.1 and RFC 8441 over HTTP/2.</summary>
internal static class Upgrade
{
    private const string Protocol = "websocket";
    private const string Version = "13";
    private const string AcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>True when the client asks for a WebSocket, well or badly.</summary>
    public static bool IsAskedFor(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: { } protocol }
            ? protocol.Equals(Protocol, StringComparison.OrdinalIgnoreCase)
            : HasToken(context.Request.Headers.Upgrade, Protocol);

    /// <summary>What is wrong with the request; null when it can be accepted.</summary>
    /// <param name="context">The request.</param>
    /// <param name="subProtocol">What the client has to name; null where there is nothing to be named.</param>
    /// <param name="allowedOrigins">From where pages may connect, besides their own host.</param>
    public static (int Status, string Detail)? Check(HttpContext context, string? subProtocol, IReadOnlyList<string> allowedOrigins)
    {
        IHeaderDictionary headers = context.Request.Headers;
        if (headers.SecWebSocketVersion != Version)
        {
            context.Response.Headers.SecWebSocketVersion = Version;
            return (StatusCodes.Status426UpgradeRequired, "Version 13 of the WebSocket protocol is spoken here.");
        }

        if (context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true })
        {
            if (!HttpMethods.IsGet(context.Request.Method) || context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } || !IsKey(headers.SecWebSocketKey))
            {
                return (StatusCodes.Status400BadRequest, "This is no opening handshake of a WebSocket.");
            }
        }

        if (subProtocol is not null && !HasToken(headers.SecWebSocketProtocol, subProtocol))
        {
            return (StatusCodes.Status400BadRequest, $"Rows travel by the WebSocket sub-protocol {subProtocol}; name it in Sec-WebSocket-Protocol.");
        }

        return IsAllowedOrigin(context.Request, allowedOrigins) ? null : (StatusCodes.Status403Forbidden, "Pages of this origin may not connect.");
    }

    /// <summary>Answers the handshake. The stream carries what the client sends; what is sent goes to the response's pipe.</summary>
    public static async Task<Stream> AcceptAsync(HttpContext context, string? subProtocol)
    {
        context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        IHeaderDictionary headers = context.Response.Headers;
        if (subProtocol is not null)
        {
            headers.SecWebSocketProtocol = subProtocol;
        }

        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
        {
            return await connect.AcceptAsync().ConfigureAwait(false);
        }

        ShareStrings(context.Request.Headers, subProtocol);
        headers.Upgrade = Protocol;
        headers.SecWebSocketAccept = AcceptOf(context.Request.Headers.SecWebSocketKey.ToString());
        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false);
    }

    /// <summary>Puts our own strings in the place of equal ones, which the request would keep for as long as the connection lives.</summary>
    private static void ShareStrings(IHeaderDictionary request, string? subProtocol)
    {
        if (request.Upgrade == Protocol)
        {
            request.Upgrade = Protocol;
        }

        if (subProtocol is not null && request.SecWebSocketProtocol == subProtocol)
        {
            request.SecWebSocketProtocol = subProtocol;
        }

        request.SecWebSocketVersion = Version;
    }

#pragma warning disable CA5350 // The protocol says SHA-1. It shows that the server understood, and keeps no secret.
    private static string AcceptOf(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key.Trim() + AcceptSuffix)));
#pragma warning restore CA5350

    private static bool IsKey(string? key)
    {
        Span<byte> bytes = stackalloc byte[18];
        return key is not null && key.AsSpan().Trim().Length == 24 && Convert.TryFromBase64String(key.Trim(), bytes, out int length) && length == 16;
    }

    private static bool HasToken(IEnumerable<string?> values, string token) =>
        values.Any(v => v is not null && v.Split(',', StringSplitOptions.TrimEntries).Contains(token, StringComparer.OrdinalIgnoreCase));

    private static bool IsAllowedOrigin(HttpRequest request, IReadOnlyList<string> allowedOrigins)
    {
        string? origin = request.Headers.Origin;
        if (string.IsNullOrEmpty(origin) || allowedOrigins.Contains("*"))
        {
            return true;
        }

        return allowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase)
            || (Uri.TryCreate(origin, UriKind.Absolute, out Uri? page) && page.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }
}
