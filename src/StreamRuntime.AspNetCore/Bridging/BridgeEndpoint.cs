using Microsoft.AspNetCore.Http;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>A path whose WebSockets are each joined to a backend of their own.</summary>
/// <param name="Name">What the sessions call it.</param>
/// <param name="Sessions">Where places are taken.</param>
/// <param name="Open">Makes the backend for one request.</param>
internal sealed record BridgeEndpoint(string Name, BridgeSessionManager Sessions, Func<HttpContext, CancellationToken, ValueTask<IBridgeBackend>> Open);
