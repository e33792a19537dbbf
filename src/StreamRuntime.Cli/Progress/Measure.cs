using System.Globalization;

namespace StreamRuntime.Cli.Progress;

/// <summary>Numbers as people read them.</summary>
internal static class Measure
{
    public static string Count(double count) => Math.Round(count).ToString("#,0", CultureInfo.InvariantCulture);

    public static string Bytes(double bytes) => bytes switch
    {
        < 10_000 => $"{Math.Round(bytes).ToString("#,0", CultureInfo.InvariantCulture)} B",
        < 10_000_000 => $"{(bytes / 1e3).ToString("#,0.0", CultureInfo.InvariantCulture)} kB",
        _ => $"{(bytes / 1e6).ToString("#,0.0", CultureInfo.InvariantCulture)} MB",
    };

    /// <summary>A change in bytes, with its sign.</summary>
    public static string Change(long bytes) => (bytes < 0 ? "-" : "+") + Bytes(Math.Abs(bytes));

    public static string Time(TimeSpan time) => time.TotalMinutes >= 1
        ? time.ToString(time.TotalHours >= 1 ? @"h\:mm\:ss" : @"m\:ss", CultureInfo.InvariantCulture)
        : time.TotalSeconds.ToString("0.0 s", CultureInfo.InvariantCulture);
}
