using System.Globalization;
using System.Text;

namespace StreamRuntime.Postgres.Protocol;

/// <summary>Reads ErrorResponse and NoticeResponse, every field.</summary>
internal static class ServerMessageFields
{
    public static PostgresServerMessage Parse(ReadOnlySpan<byte> body, BackendMessageType type)
    {
        var message = new PostgresServerMessage();
        while (TryReadField(ref body, type, out byte field, out ReadOnlySpan<byte> value))
        {
            message = With(message, field, Encoding.UTF8.GetString(value));
        }

        return message.Severity.Length > 0 ? message : message with { Severity = message.LocalizedSeverity };
    }

    /// <summary>Checks a message that nobody wants to read, without making anything of it.</summary>
    public static void Check(ReadOnlySpan<byte> body, BackendMessageType type)
    {
        while (TryReadField(ref body, type, out _, out _))
        {
        }
    }

    private static bool TryReadField(ref ReadOnlySpan<byte> body, BackendMessageType type, out byte field, out ReadOnlySpan<byte> value)
    {
        if (body.IsEmpty)
        {
            BackendMessage.Violation($"message {BackendMessage.Name(type)} has no end mark after its fields");
        }

        field = body[0];
        body = body[1..];
        if (field == 0)
        {
            BackendMessage.CheckEnd(body, type);
            value = default;
            return false;
        }

        value = BackendMessage.ReadText(ref body, type);
        return true;
    }

    // Field codes: PostgreSQL documentation, "Error and Notice Message Fields". Unknown ones are to be ignored.
    private static PostgresServerMessage With(PostgresServerMessage message, byte field, string value) => field switch
    {
        (byte)'S' => message with { LocalizedSeverity = value },
        (byte)'V' => message with { Severity = value },
        (byte)'C' => message with { SqlState = value },
        (byte)'M' => message with { Message = value },
        (byte)'D' => message with { Detail = value },
        (byte)'H' => message with { Hint = value },
        (byte)'P' => message with { Position = ToNumber(value) },
        (byte)'p' => message with { InternalPosition = ToNumber(value) },
        (byte)'q' => message with { InternalQuery = value },
        (byte)'W' => message with { Where = value },
        (byte)'s' => message with { SchemaName = value },
        (byte)'t' => message with { TableName = value },
        (byte)'c' => message with { ColumnName = value },
        (byte)'d' => message with { DataTypeName = value },
        (byte)'n' => message with { ConstraintName = value },
        (byte)'F' => message with { File = value },
        (byte)'L' => message with { Line = ToNumber(value) },
        (byte)'R' => message with { Routine = value },
        _ => message,
    };

    private static int? ToNumber(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
