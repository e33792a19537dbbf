using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;

namespace StreamRuntime.AspNetCore.Responses;

/// <summary>Writes what a result says beside its rows: lines of NDJSON with the single member <c>$stream</c>, and events.</summary>
internal static class ControlLines
{
    public static void WriteComplete(PipeWriter destination, long rows)
    {
        using (var json = new Utf8JsonWriter(destination))
        {
            json.WriteStartObject();
            json.WriteStartObject("$stream"u8);
            json.WriteString("type"u8, "complete"u8);
            json.WriteNumber("rows"u8, rows);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        destination.Write("\n"u8);
    }

    /// <summary>How far the client is.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="token">With what it may come back.</param>
    /// <param name="rows">Rows sent before it.</param>
    public static void WriteCheckpoint(PipeWriter destination, string token, long rows)
    {
        using (var json = new Utf8JsonWriter(destination))
        {
            json.WriteStartObject();
            json.WriteStartObject("$stream"u8);
            json.WriteString("type"u8, "checkpoint"u8);
            json.WriteNumber("rows"u8, rows);
            json.WriteString("token"u8, token);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        destination.Write("\n"u8);
    }

    /// <summary>The same as an event, whose id a browser's EventSource sends by itself when it comes back.</summary>
    public static void WriteCheckpointEvent(PipeWriter destination, string token, long rows)
    {
        destination.Write("event: checkpoint\nid: "u8);
        Encoding.ASCII.GetBytes(token, destination);
        destination.Write("\ndata: {\"rows\":"u8);
        Span<byte> digits = stackalloc byte[20];
        System.Buffers.Text.Utf8Formatter.TryFormat(rows, digits, out int length);
        destination.Write(digits[..length]);
        destination.Write("}\n\n"u8);
    }

    public static void WriteError(PipeWriter destination, StreamProblem problem, long rows)
    {
        using (var json = new Utf8JsonWriter(destination))
        {
            json.WriteStartObject();
            json.WriteStartObject("$stream"u8);
            json.WriteString("type"u8, "error"u8);
            WriteMembers(json, problem, rows);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        destination.Write("\n"u8);
    }

    /// <summary>The event by which a broken result is told from a whole one.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="problem">What went wrong.</param>
    /// <param name="rows">Rows sent before it.</param>
    /// <param name="retryMs">When a browser shall try again; null leaves that to it.</param>
    public static void WriteErrorEvent(PipeWriter destination, StreamProblem problem, long rows, long? retryMs)
    {
        if (retryMs is { } retry)
        {
            destination.Write("retry: "u8);
            Span<byte> digits = stackalloc byte[20];
            System.Buffers.Text.Utf8Formatter.TryFormat(retry, digits, out int length);
            destination.Write(digits[..length]);
            destination.Write("\n"u8);
        }

        destination.Write("event: error\ndata: "u8);
        using (var json = new Utf8JsonWriter(destination))
        {
            json.WriteStartObject();
            WriteMembers(json, problem, rows);
            json.WriteEndObject();
        }

        destination.Write("\n\n"u8);
    }

    public static void WriteMembers(Utf8JsonWriter json, StreamProblem problem, long rows)
    {
        json.WriteString("error"u8, problem.Error);
        if (problem.Code is { } code)
        {
            json.WriteString("code"u8, code);
        }

        json.WriteString("message"u8, problem.Detail);
        json.WriteNumber("rows"u8, rows);
    }
}
