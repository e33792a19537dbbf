using System.Buffers;
using System.Globalization;

namespace StreamRuntime.Postgres.Configuration;

/// <summary>Numbers and durations as connection strings write them.</summary>
internal static class ConnectionNumbers
{
    private static readonly SearchValues<char> DigitsAndPoint = SearchValues.Create("0123456789.");

    /// <summary>A whole number with blanks around it allowed, as libpq reads every one of its own.</summary>
    public static int Integer(string keyword, string text) =>
        int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw ConfigurationError.Invalid(keyword, text, "a whole number");

    /// <summary>Seconds or the like, where zero and less mean "leave it to the system".</summary>
    public static int? Positive(string keyword, string? text) =>
        text is not null && Integer(keyword, text) is > 0 and int number ? number : null;

    public static bool Flag(string keyword, string text) => Integer(keyword, text) != 0;

    /// <summary>Milliseconds, or a number with one of PostgreSQL's units: us, ms, s, min, h, d. At most 2 147 483 647 ms, PostgreSQL's own limit.</summary>
    public static TimeSpan Duration(string keyword, string text)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        int digits = trimmed.IndexOfAnyExcept(DigitsAndPoint);
        ReadOnlySpan<char> number = digits < 0 ? trimmed : trimmed[..digits];
        decimal unit = (digits < 0 ? "ms" : trimmed[digits..].TrimStart()) switch
        {
            "us" => 0.001m,
            "ms" => 1,
            "s" => 1_000,
            "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => 0,
        };

        return unit > 0
            && number.Length <= 15
            && decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal count)
            && decimal.Round(count * unit) is var milliseconds and <= int.MaxValue
                ? TimeSpan.FromMilliseconds((long)milliseconds)
                : throw ConfigurationError.Invalid(keyword, text, "a time of 0 to 2147483647 ms, such as 1500, 1500ms, 30s or 5min");
    }
}
