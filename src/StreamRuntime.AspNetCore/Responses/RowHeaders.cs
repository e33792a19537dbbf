using Microsoft.AspNetCore.Http;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Responses;

/// <summary>The headers of every result.</summary>
internal static class RowHeaders
{
    public static void Set(HttpResponse response, RowFormat format)
    {
        response.ContentType = Negotiation.ContentType(format);
        response.Headers.CacheControl = "no-store";
        response.Headers.Vary = "Accept";
        response.Headers.XContentTypeOptions = "nosniff";

        // nginx and its kin would collect the rows otherwise.
        response.Headers["X-Accel-Buffering"] = "no";
    }
}
