using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using StreamRuntime.AspNetCore.Queries;

namespace StreamRuntime.Cli.Serving;

/// <summary>The page at <c>/</c>: lists the endpoints, runs one over a WebSocket, pauses and resumes it.</summary>
internal static class BuiltInPage
{
    private const string Resource = "page.html";

    // All it needs is in itself, and nobody else's page may hold it in a frame.
    private const string Policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self' ws: wss:; base-uri 'none'; frame-ancestors 'none'";

    public static void Map(IEndpointRouteBuilder routes, IReadOnlyList<RowsEndpoint> endpoints)
    {
        byte[] page = Load();
        byte[] list = List(endpoints);
        routes.MapGet("/", context =>
        {
            context.Response.Headers.ContentSecurityPolicy = Policy;
            return WriteAsync(context, "text/html; charset=utf-8", page);
        });
        routes.MapGet("/endpoints", context => WriteAsync(context, "application/json", list));
    }

    private static async Task WriteAsync(HttpContext context, string type, byte[] bytes)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted).ConfigureAwait(false);
    }

    private static byte[] Load()
    {
        using Stream stream = typeof(BuiltInPage).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing from the assembly.");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private static byte[] List(IReadOnlyList<RowsEndpoint> endpoints)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartArray();
            foreach (RowsEndpoint endpoint in endpoints)
            {
                json.WriteStartObject();
                json.WriteString("name", endpoint.Name);
                json.WriteStartArray("parameters");
                foreach (RowsParameter parameter in endpoint.Parameters)
                {
                    json.WriteStartObject();
                    json.WriteString("name", parameter.Name);
                    json.WriteString("type", parameter.Type.ToString());
                    json.WriteBoolean("required", parameter.IsRequired);
                    json.WriteString("default", parameter.Default);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return bytes.ToArray();
    }
}
