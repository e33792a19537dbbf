using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace StreamRuntime.AspNetCore.Limits;

/// <summary>Finds out who a request comes from, behind proxies that are trusted.</summary>
internal static class ClientAddress
{
    private const string ForwardedFor = "X-Forwarded-For";

    public static IPAddress Of(HttpContext context, IReadOnlyList<IPNetwork> trustedProxies)
    {
        // Without an address (an in-memory server, a Unix socket) everybody is the same client.
        // The feature itself: a connection that lives long need not keep the view of it that the context would make.
        IPAddress peer = Normalized(context.Features.Get<IHttpConnectionFeature>()?.RemoteIpAddress ?? IPAddress.None);
        return trustedProxies.Count == 0 ? peer : Behind(peer, context.Request.Headers[ForwardedFor], trustedProxies);
    }

    /// <summary>
    /// The rightmost address that is no trusted proxy. Each proxy appends whom it saw, so what stands left of the first address that is not
    /// trusted may have been made up by the client.
    /// </summary>
    internal static IPAddress Behind(IPAddress peer, StringValues forwarded, IReadOnlyList<IPNetwork> trustedProxies)
    {
        IPAddress client = peer;
        string[] addresses = string.Join(',', forwarded.ToArray()).Split(',', StringSplitOptions.TrimEntries);
        for (int i = addresses.Length - 1; i >= 0 && IsTrusted(client, trustedProxies); i--)
        {
            if (!TryParse(addresses[i], out IPAddress? next))
            {
                break;
            }

            client = next;
        }

        return client;
    }

    private static bool IsTrusted(IPAddress address, IReadOnlyList<IPNetwork> trustedProxies)
    {
        foreach (IPNetwork network in trustedProxies)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    // Some proxies add the port: 192.0.2.1:4711 or [2001:db8::1]:4711.
    private static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IPAddress? address)
    {
        address = IPAddress.TryParse(text, out IPAddress? plain) ? plain
            : IPEndPoint.TryParse(text, out IPEndPoint? withPort) ? withPort.Address
            : null;
        if (address is null)
        {
            return false;
        }

        address = Normalized(address);
        return true;
    }

    private static IPAddress Normalized(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
