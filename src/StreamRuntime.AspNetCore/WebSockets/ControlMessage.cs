using System.Buffers;
using System.Text.Json;
using StreamRuntime.AspNetCore.Responses;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>Makes the control messages a client is sent: objects with a <c>type</c>.</summary>
internal static class ControlMessage
{
    public static ReadOnlyMemory<byte> Started(long session, string endpoint) => Make("started"u8, json =>
    {
        json.WriteNumber("session"u8, session);
        json.WriteString("endpoint"u8, endpoint);
    });

    public static ReadOnlyMemory<byte> Paused(long rows, string? reason) => Make("paused"u8, json =>
    {
        json.WriteNumber("rows"u8, rows);
        if (reason is not null)
        {
            json.WriteString("reason"u8, reason);
        }
    });

    public static ReadOnlyMemory<byte> Resumed(long rows) => Make("resumed"u8, json => json.WriteNumber("rows"u8, rows));

    public static ReadOnlyMemory<byte> Complete(long rows) => Make("complete"u8, json => json.WriteNumber("rows"u8, rows));

    /// <summary>How far the client is, and with what it may come back.</summary>
    public static ReadOnlyMemory<byte> Checkpoint(string token, long rows) => Make("checkpoint"u8, json =>
    {
        json.WriteNumber("rows"u8, rows);
        json.WriteString("token"u8, token);
    });

    /// <summary>The stream failed, or was cancelled: no row follows.</summary>
    public static ReadOnlyMemory<byte> Error(StreamProblem problem, long rows) => Make("error"u8, json => ControlLines.WriteMembers(json, problem, rows));

    /// <summary>A control message could not be followed; the stream goes on.</summary>
    public static ReadOnlyMemory<byte> Refused(string error, string message) => Make("error"u8, json =>
    {
        json.WriteString("error"u8, error);
        json.WriteString("message"u8, message);
    });

    public static ReadOnlyMemory<byte> Stats(StreamStatistics statistics) => Make("stats"u8, json =>
    {
        json.WriteString("state"u8, statistics.State.ToString());
        json.WriteNumber("rows"u8, statistics.RowsDelivered);
        json.WriteNumber("bytes"u8, statistics.BytesDelivered);
        json.WriteNumber("rowsFiltered"u8, statistics.RowsFiltered);
        json.WriteNumber("bufferedBytes"u8, statistics.BufferedBytes);
        json.WriteNumber("pauses"u8, statistics.Pauses);
        json.WriteNumber("parks"u8, statistics.Parks);
        json.WriteNumber("pausedMs"u8, Milliseconds(statistics.PausedTime));
        json.WriteNumber("waitingMs"u8, Milliseconds(statistics.WaitingTime));
        json.WriteNumber("elapsedMs"u8, Milliseconds(statistics.Elapsed));
        if (statistics.TimeToFirstRow is { } first)
        {
            json.WriteNumber("timeToFirstRowMs"u8, Milliseconds(first));
        }
    });

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);

    private static ReadOnlyMemory<byte> Make(ReadOnlySpan<byte> type, Action<Utf8JsonWriter> write)
    {
        var message = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(message))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, type);
            write(json);
            json.WriteEndObject();
        }

        return message.WrittenMemory;
    }
}
