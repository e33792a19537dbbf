using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace StreamRuntime.AspNetCore.Queries;

/// <summary>Reads a parameter's text as its type, the same way everywhere in the world.</summary>
internal static class ParameterText
{
    private const NumberStyles Whole = NumberStyles.AllowLeadingSign;
    private const NumberStyles Fractional = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;

    private static readonly string[] Timestamps =
        ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd"];

    public static bool TryParse(RowsParameterType type, string text, [NotNullWhen(true)] out object? value)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        value = type switch
        {
            // PostgreSQL's text holds no NUL, so one is the client's mistake and no server's error.
            RowsParameterType.Text => text.Contains('\0', StringComparison.Ordinal) ? null : text,
            RowsParameterType.WholeNumber => int.TryParse(text, Whole, culture, out int number) ? number : null,
            RowsParameterType.LargeNumber => long.TryParse(text, Whole, culture, out long number) ? number : null,
            RowsParameterType.Numeric => decimal.TryParse(text, Fractional, culture, out decimal number) ? number : null,
            RowsParameterType.FloatingPoint => double.TryParse(text, Fractional | NumberStyles.AllowExponent, culture, out double number) && double.IsFinite(number) ? number : null,
            RowsParameterType.Boolean => text switch { "true" => true, "false" => false, _ => null },
            RowsParameterType.Date => DateOnly.TryParseExact(text, "yyyy-MM-dd", culture, DateTimeStyles.None, out DateOnly date) ? date : null,
            RowsParameterType.Timestamp => DateTimeOffset.TryParseExact(text, Timestamps, culture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null,
            RowsParameterType.Uuid => Guid.TryParseExact(text, "D", out Guid uuid) ? uuid : null,
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "The type is none of RowsParameterType."),
        };
        return value is not null;
    }

    /// <summary>How the type is called where a client is told what was expected.</summary>
    public static string NameOf(RowsParameterType type) => type switch
    {
        RowsParameterType.Text => "text without NUL",
        RowsParameterType.WholeNumber => "a whole number of 32 bits",
        RowsParameterType.LargeNumber => "a whole number of 64 bits",
        RowsParameterType.Numeric => "a decimal number",
        RowsParameterType.FloatingPoint => "a number",
        RowsParameterType.Boolean => "true or false",
        RowsParameterType.Date => "a date (YYYY-MM-DD)",
        RowsParameterType.Timestamp => "a timestamp (ISO 8601)",
        _ => "a UUID",
    };
}
