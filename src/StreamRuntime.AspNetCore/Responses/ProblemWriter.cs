using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using StreamRuntime.AspNetCore.Access;
using StreamRuntime.AspNetCore.Queries;

namespace StreamRuntime.AspNetCore.Responses;

/// <summary>Answers a request that gets no rows with <c>application/problem+json</c>.</summary>
internal static class ProblemWriter
{
    public static Task WriteAsync(HttpContext context, StreamProblem problem, TimeSpan retryAfter)
    {
        if (problem.IsPassing)
        {
            SetRetryAfter(context, retryAfter);
        }

        return WriteAsync(context, problem.Status, problem.Detail, ("error", problem.Error), ("code", problem.Code));
    }

    public static Task WriteAsync(HttpContext context, ParameterError error) =>
        WriteAsync(context, StatusCodes.Status400BadRequest, error.Message, ("parameter", error.Parameter), default);

    public static Task WriteAsync(HttpContext context, AccessOutcome access)
    {
        if (access == AccessOutcome.Failed)
        {
            return WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "The token can't be checked at present.");
        }

        bool isMissing = access == AccessOutcome.Missing;
        context.Response.Headers.WWWAuthenticate = isMissing ? "Bearer" : "Bearer error=\"invalid_token\"";
        return WriteAsync(context, StatusCodes.Status401Unauthorized, isMissing ? "A token is needed." : "The token is not good, or no longer.");
    }

    public static Task WriteAsync(HttpContext context, Refusal refusal, TimeSpan retryAfter)
    {
        SetRetryAfter(context, retryAfter);
        if (refusal == Refusal.ShuttingDown)
        {
            // Whoever keeps the connection would only be refused again; elsewhere there may be room. HTTP/2 has its own word, which the server says.
            if (HttpProtocol.IsHttp11(context.Request.Protocol))
            {
                context.Response.Headers.Connection = "close";
            }

            return WriteAsync(context, StreamProblem.Shutdown, retryAfter);
        }

        (int status, string detail) = refusal switch
        {
            Refusal.TooManyFromAddress => (StatusCodes.Status429TooManyRequests, "This address has as many connections as one may have."),
            Refusal.TooManyStreams => (StatusCodes.Status503ServiceUnavailable, "As many streams are running as may."),
            Refusal.TooManyBridges => (StatusCodes.Status503ServiceUnavailable, "There are as many bridges as there may be."),
            _ => (StatusCodes.Status503ServiceUnavailable, "There are as many connections as there may be."),
        };
        return WriteAsync(context, status, detail, ("error", refusal.ToString()), default);
    }

    public static async Task WriteAsync(HttpContext context, int status, string detail, (string Name, string? Value) first = default, (string Name, string? Value) second = default)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        using (var json = new Utf8JsonWriter(response.BodyWriter))
        {
            json.WriteStartObject();
            json.WriteString("title"u8, ReasonPhrases.GetReasonPhrase(status));
            json.WriteNumber("status"u8, status);
            json.WriteString("detail"u8, detail);
            Write(json, first);
            Write(json, second);
            json.WriteEndObject();
        }

        // A client that has gone needs no answer.
        await response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }

    private static void SetRetryAfter(HttpContext context, TimeSpan retryAfter) =>
        context.Response.Headers.RetryAfter = ((long)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    private static void Write(Utf8JsonWriter json, (string Name, string? Value) member)
    {
        if (member.Value is not null)
        {
            json.WriteString(member.Name, member.Value);
        }
    }
}
