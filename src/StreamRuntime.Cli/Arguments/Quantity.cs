using System.Globalization;

namespace StreamRuntime.Cli.Arguments;

/// <summary>Numbers, times and sizes as people write them on a command line.</summary>
internal static class Quantity
{
    /// <summary>A whole number, 0 or more.</summary>
    public static long Count(string name, string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            ? count
            : throw new UsageException($"{name} takes a whole number, not '{text}'.");

    /// <summary>A time: a number and its unit, such as <c>500ms</c>, <c>2s</c>, <c>1.5m</c> or <c>1h</c>.</summary>
    /// <param name="name">The option.</param>
    /// <param name="text">What was given for it.</param>
    /// <param name="mayBeZero">True for an option that no time at all makes sense for; a plain <c>0</c> says so as well.</param>
    public static TimeSpan Time(string name, string text, bool mayBeZero = false)
    {
        (double number, string unit) = Split(text);
        double milliseconds = unit switch
        {
            "ms" => number,
            "s" => number * 1000,
            "m" or "min" => number * 60_000,
            "h" => number * 3_600_000,
            "" when number == 0 => 0,
            _ => double.NaN,
        };
        return milliseconds is > 0 and <= uint.MaxValue - 1 || (mayBeZero && milliseconds == 0)
            ? TimeSpan.FromMilliseconds(milliseconds)
            : throw new UsageException($"{name} takes a time {(mayBeZero ? "of 0 or more," : "of more than zero")} and at most 49 days, such as 500ms, 2s, 5m or 1h, not '{text}'.");
    }

    /// <summary>A size in bytes: <c>65536</c>, <c>64k</c>, <c>1m</c>, <c>64MiB</c>. Units are powers of 1024.</summary>
    public static int Size(string name, string text, int least, int most)
    {
        (double number, string unit) = Split(text);
        double bytes = unit switch
        {
            "" or "b" => number,
            "k" or "kb" or "kib" => number * 1024,
            "m" or "mb" or "mib" => number * 1024 * 1024,
            "g" or "gb" or "gib" => number * 1024 * 1024 * 1024,
            _ => double.NaN,
        };
        return bytes >= least && bytes <= most
            ? (int)bytes
            : throw new UsageException($"{name} takes a size from {least} to {most} bytes, such as 65536, 64k or 1MiB, not '{text}'.");
    }

    private static (double Number, string Unit) Split(string text)
    {
        int digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
        {
            digits++;
        }

        return double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            ? (number, text[digits..].Trim().ToLowerInvariant())
            : (double.NaN, text);
    }
}
