using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text.Json;

namespace StreamRuntime.Postgres.Queries;

/// <summary>Single .NET values in PostgreSQL's text form.</summary>
internal static class ScalarText
{
    // One byte is two digits, after "\x"; PostgreSQL takes no value of 1 GiB or more.
    private const int MaxBytes = (0x3FFFFFFF - 2) / 2;

    private const string DateTimeFormat = "yyyy'-'MM'-'dd' 'HH':'mm':'ss'.'ffffff";

    /// <summary>The parameter for a value that is not null; false if its type is not one of ours.</summary>
    public static bool TryFormat(object value, out PostgresParameter parameter)
    {
        // Dispatch is on the exact type: to a pattern, a boxed sbyte[] would also be a byte[].
        if (value is Enum named)
        {
            parameter = new(ParameterTypes.Inferred, NameOf(named));
            return true;
        }

        string? text = value switch
        {
            string s => s,
            char c => c.ToString(),
            bool b => b ? "t" : "f",
            byte or sbyte or short or ushort or int or uint or long or ulong or decimal or BigInteger =>
                ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
            float or double => ((IFormattable)value).ToString("R", CultureInfo.InvariantCulture),
            Guid g => g.ToString("D"),
            DateTime t => Format(t),
            DateTimeOffset t => Format(t.UtcDateTime),
            DateOnly d => d.ToString("yyyy'-'MM'-'dd", CultureInfo.InvariantCulture),
            TimeOnly t => t.ToString("HH':'mm':'ss'.'ffffff", CultureInfo.InvariantCulture),
            TimeSpan t => Format(t),
            byte[] bytes when value.GetType() == typeof(byte[]) => Hex(bytes),
            ReadOnlyMemory<byte> bytes => Hex(bytes.Span),
            Memory<byte> bytes => Hex(bytes.Span),
            ArraySegment<byte> bytes => Hex(bytes),
            JsonElement json => Json(json),
            JsonDocument json => Json(json.RootElement),
            IPAddress address => address.ToString(),
            _ => null,
        };
        uint oid = value is DateTime time
            ? time.Kind == DateTimeKind.Utc ? ParameterTypes.TimestampTz : ParameterTypes.Timestamp
            : ParameterTypes.OidOf(value.GetType());
        parameter = new(oid, text);
        return text is not null;
    }

    private static string Format(DateTime value) =>
        value.ToString(DateTimeFormat, CultureInfo.InvariantCulture) + (value.Kind == DateTimeKind.Utc ? "+00" : "");

    private static string Format(TimeSpan value)
    {
        // The smallest TimeSpan has no positive counterpart as a TimeSpan, but has one as an unsigned count.
        ulong microseconds = (value.Ticks < 0 ? 0UL - (ulong)value.Ticks : (ulong)value.Ticks) / TimeSpan.TicksPerMicrosecond;
        (ulong seconds, ulong fraction) = Math.DivRem(microseconds, 1_000_000);
        (ulong minutes, seconds) = Math.DivRem(seconds, 60);
        (ulong hours, minutes) = Math.DivRem(minutes, 60);
        string sign = value.Ticks < 0 ? "-" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{hours:00}:{minutes:00}:{seconds:00}.{fraction:000000}");
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => bytes.Length <= MaxBytes
        ? string.Concat(@"\x", Convert.ToHexStringLower(bytes))
        : throw new StreamRuntimeException(ErrorKind.MessageTooLarge, $"A bytea value of {bytes.Length} bytes is larger than the {MaxBytes} that fit in one parameter.");

    private static string Json(JsonElement json) => json.ValueKind != JsonValueKind.Undefined
        ? json.GetRawText()
        : throw new StreamRuntimeException(ErrorKind.Configuration, "A JsonElement that was never set is no JSON value and cannot be a parameter.");

    private static string NameOf(Enum value) => Enum.GetName(value.GetType(), value)
        ?? throw new StreamRuntimeException(ErrorKind.Configuration, $"The value {value:D} of {value.GetType()} has no name, so it cannot be a parameter; send its number instead.");
}
