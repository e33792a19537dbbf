using System.Security.Claims;
using Microsoft.AspNetCore.Http;

namespace StreamRuntime.AspNetCore;

/// <summary>Says whose a token is. Browsers can send no header with a WebSocket, so a token comes in the query string or as the first control message as well.</summary>
/// <param name="context">The request; its <see cref="HttpContext.User"/> is not set yet.</param>
/// <param name="token">The token as the client sent it, never empty.</param>
/// <param name="cancellationToken">Cancelled when the client has gone or the handshake time is over.</param>
/// <returns>The user, or null to refuse the token.</returns>
public delegate ValueTask<ClaimsPrincipal?> TokenAuthenticator(HttpContext context, string token, CancellationToken cancellationToken);
